extension Array {
    /// The keys in Keras 3's order, and for the dialects before it in another one; what `before3` does not name is not written there.
    ///
    /// A key in both lists is read by its first entry, whatever the dialect; the entries differ in where they write.
    func ordered<L>(before3 names: [String]) -> [ConfigKey<L>] where Element == ConfigKey<L> {
        let new = filter { $0.dialects.contains(.keras3) }.map { $0.written(in: [.keras3]) }
        let old = names.compactMap { name in first { $0.name == name } }
        return new + old.map { key in key.written(in: key.dialects.intersection(Dialect.older), isRequired: false) }
    }
}

extension ConfigKey {
    fileprivate func written(in dialects: Set<Dialect>, isRequired: Bool? = nil) -> ConfigKey {
        ConfigKey(
            name: name, names: names, dialects: dialects, isRequired: isRequired ?? self.isRequired, decode: decode, encode: encode,
            absent: absent, isWritten: isWritten, isNeeded: isNeeded)
    }
}
