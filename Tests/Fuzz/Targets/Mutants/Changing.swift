import Tensors

/// SplitMix64: the same mutants for the same seed everywhere.
struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// Places where there is structure: elsewhere mutants would change weights alone.
func metadata(of bytes: Buffer) -> [Int] {
    let signatures = ["TREE", "SNOD", "HEAP", "GCOL", "OHDR", "FRHP", "BTHD", "BTLF", "FHDB", "FAHD", "FADB"].map { Array($0.utf8) }
    var places = Array(0..<min(2048, bytes.count))
    for start in stride(from: 0, to: bytes.count - 8, by: 8) {
        let isStructure =
            signatures.contains { bytes.bytes[start..<start + 4].elementsEqual($0) }
            || bytes.bytes[start] == 1 && bytes.bytes[start + 1] == 0 && bytes.bytes[start + 3] == 0 && bytes.bytes[start + 4] == 1
        if isStructure { places += start..<min(start + 512, bytes.count) }
    }
    return places
}

private let interesting: [UInt8] = [0, 1, 2, 3, 4, 7, 8, 16, 32, 64, 127, 128, 254, 255]

/// Changes one to four of these places.
func change(_ mutant: Buffer, of original: Buffer, at places: [Int], _ chance: inout Chance) {
    for _ in 0..<Int.random(in: 1...4, using: &chance) {
        let place = places.randomElement(using: &chance)!
        switch Int.random(in: 0..<8, using: &chance) {
        case 0: mutant.bytes[place] = UInt8.random(in: 0...255, using: &chance)
        case 1: mutant.bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
        case 2: mutant.bytes[place] = interesting.randomElement(using: &chance)!
        case 3: mutant.bytes[place] &+= UInt8.random(in: 1...16, using: &chance)
        case 4: mutant.bytes[place] &-= UInt8.random(in: 1...16, using: &chance)
        default:
            // A run of bytes from elsewhere: addresses and sizes that are right in another place.
            let length = min([2, 4, 8, 16].randomElement(using: &chance)!, mutant.count - place)
            let source = min(places.randomElement(using: &chance)!, mutant.count - length)
            for index in 0..<length { mutant.bytes[place + index] = original.bytes[source + index] }
        }
    }
}
