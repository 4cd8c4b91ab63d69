import JSON
import KerasModel
import Tensors

/// Puts what is written back into the words it was read in: a model that goes back to the Keras it came from keeps every key, known or not, and
/// the way each value was spelled.
///
/// Three texts are compared: what was read, what this writer makes of that, and what it makes of the model as it is now. Where the last two are
/// the same, nothing has changed, and the first stands.
enum KeptWords {
    static func merge(read: JSON, rewritten: JSON, now: JSON) -> JSON {
        if now == rewritten { return read }
        if let read = read.object, let rewritten = rewritten.object, let now = now.object {
            return .object(merge(read, rewritten, now))
        }
        if let read = read.array, let rewritten = rewritten.array, let now = now.array {
            if let merged = merge(read, rewritten, now) { return .array(merged) }
        }
        return now
    }

    private static func merge(_ read: JSONObject, _ rewritten: JSONObject, _ now: JSONObject) -> JSONObject {
        var result = JSONObject()
        for (key, value) in read {
            guard let before = rewritten[key] else {
                // Not ours: a key we do not know.
                result[key] = now[key] ?? value
                continue
            }
            if let new = now[key] { result[key] = merge(read: value, rewritten: before, now: new) }
        }
        // What this writer adds of its own is no change.
        for (key, value) in now where !read.contains(key) && rewritten[key] != value { result[key] = value }
        return result
    }

    /// Lists of one length item by item; lists of layers by their names.
    private static func merge(_ read: [JSON], _ rewritten: [JSON], _ now: [JSON]) -> [JSON]? {
        if read.count == rewritten.count && read.count == now.count && names(now) == names(rewritten) {
            return zip(read, zip(rewritten, now)).map { merge(read: $0, rewritten: $1.0, now: $1.1) }
        }
        guard let readNames = names(read), let rewrittenNames = names(rewritten), let nowNames = names(now) else { return nil }
        let old = Dictionary(zip(readNames, read), uniquingKeysWith: { first, _ in first })
        let before = Dictionary(zip(rewrittenNames, rewritten), uniquingKeysWith: { first, _ in first })
        return zip(nowNames, now).compactMap { name, item in
            guard let before = before[name] else { return item }
            if let old = old[name] { return merge(read: old, rewritten: before, now: item) }
            // A Sequential's input, which some files leave to its first layer.
            return before == item ? nil : item
        }
    }

    /// The names of the layers that the items are; nil if they are none.
    private static func names(_ items: [JSON]) -> [String]? {
        let names = items.compactMap { $0["name"]?.string ?? $0["config"]?["name"]?.string }
        return names.count == items.count ? names : nil
    }
}

extension SavedModel {
    /// What is written, in the words of the file the model came from where that was written for the same Keras in the same form.
    func keepingWords(_ now: JSON, for target: SaveTarget, _ form: ModelConfigWriter.Form) -> JSON {
        guard let origin, origin.target == target, let source = origin.configuration, source.form == form,
            let before = try? ModelConfigReader.read(source.json, in: DecodingContext(origin, registry: .keras)),
            let rewritten = try? ModelConfigWriter.json(before, built: try? BuiltModel(before), target: target, form: form)
        else { return now }
        return KeptWords.merge(read: source.json, rewritten: rewritten, now: now)
    }
}
