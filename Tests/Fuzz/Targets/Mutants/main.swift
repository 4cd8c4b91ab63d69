import Forks
@preconcurrency import Glibc
import HDF5
import Storage
import Tensors

// Files with a few places changed, each read to its end: what the structure check lets in is read by the C library in a process of its own.
//
//     Mutants [--answers] COUNT SEED FOLDER FILE…
//
// With --answers it keeps in FOLDER those that were read (mutants.bin: number, length, bytes) and what was found in them (answers.txt), for
// Tests/Interop/mutants.py. Without a COUNT (0) the files themselves are read.
//
// Prints how many were refused and read, the slowest and the largest, and keeps in FOLDER those that crash, take over a second, or take more
// memory than 64 MiB and twice the file. Exits with 1 if there are any.

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

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Places where there is structure, found by changing each: elsewhere mutants would change weights alone.
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

var arguments = CommandLine.arguments
let answers = arguments.dropFirst().first == "--answers"
if answers { arguments.remove(at: 1) }
guard arguments.count > 4, let count = Int(arguments[1]), let seed = UInt64(arguments[2]) else {
    print("usage: Mutants [--answers] COUNT SEED FOLDER FILE…")
    exit(64)
}
let folder = arguments[3]
let originals = try arguments.dropFirst(4).map { try Files.read($0) }
let places = originals.map(metadata)
var chance = Chance(state: seed)
var (refused, accepted, wrong) = (0, 0, 0)
var (slowestCheck, slowestRead, largest) = (0.0, 0.0, 0)
let interesting: [UInt8] = [0, 1, 2, 3, 4, 7, 8, 16, 32, 64, 127, 128, 254, 255]

/// Keeps what is wrong with one.
@MainActor func keep(_ bytes: Buffer, _ name: String) {
    wrong += 1
    guard let file = fopen("\(folder)/\(name).h5", "w") else { return }
    fwrite(bytes.bytes.baseAddress, 1, bytes.count, file)
    fclose(file)
    print("kept \(name)")
}

/// Keeps one that was read.
@MainActor func pack(_ bytes: Buffer, _ number: Int) {
    guard let file = fopen("\(folder)/mutants.bin", "a") else { return }
    for value in [UInt32(number), UInt32(bytes.count)] { withUnsafeBytes(of: value) { _ = fwrite($0.baseAddress, 1, 4, file) } }
    fwrite(bytes.bytes.baseAddress, 1, bytes.count, file)
    fclose(file)
}

// The library makes itself ready once, not in each process.
Job(originals[0], 0, nil).run()
let changes = count > 0
for number in 0..<(changes ? count : originals.count) {
    let which = changes ? Int.random(in: 0..<originals.count, using: &chance) : number
    let original = originals[which]
    let mutant = try Buffer.uninitialized(count: original.count)
    mutant.bytes.copyMemory(from: UnsafeRawBufferPointer(original.bytes))
    for _ in 0..<(changes ? Int.random(in: 1...4, using: &chance) : 0) {
        let place = places[which].randomElement(using: &chance)!
        switch Int.random(in: 0..<8, using: &chance) {
        case 0: mutant.bytes[place] = UInt8.random(in: 0...255, using: &chance)
        case 1: mutant.bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
        case 2: mutant.bytes[place] = interesting.randomElement(using: &chance)!
        case 3: mutant.bytes[place] &+= UInt8.random(in: 1...16, using: &chance)
        case 4: mutant.bytes[place] &-= UInt8.random(in: 1...16, using: &chance)
        default:
            // A run of bytes from elsewhere: addresses and sizes that are right in another place.
            let length = min([2, 4, 8, 16].randomElement(using: &chance)!, mutant.count - place)
            let source = min(places[which].randomElement(using: &chance)!, mutant.count - length)
            for index in 0..<length { mutant.bytes[place + index] = original.bytes[source + index] }
        }
    }
    let start = now()
    do {
        try HDF5File.inspect(mutant)
    } catch {
        refused += 1
        let took = now() - start
        slowestCheck = max(slowestCheck, took)
        if took > 1 { keep(mutant, "slow_\(seed)_\(number)") }
        continue
    }
    slowestCheck = max(slowestCheck, now() - start)
    accepted += 1
    var (peak, took) = (0, 0.0)
    if answers { pack(mutant, number) }
    let job = Job(mutant, number, answers ? "\(folder)/answers.txt" : nil)
    let status = withExtendedLifetime(job) {
        fork_and_run(
            5, { Unmanaged<Job>.fromOpaque($0!).takeUnretainedValue().run() }, Unmanaged.passUnretained(job).toOpaque(), &peak, &took)
    }
    slowestRead = max(slowestRead, took)
    largest = max(largest, peak)
    if status != 0 {
        keep(mutant, ([SIGALRM, SIGXCPU, SIGKILL].contains(status) ? "hang" : "signal\(status)") + "_\(seed)_\(number)")
    } else if took > 1 {
        keep(mutant, "slow_\(seed)_\(number)")
    } else if peak > (64 << 10) + 2 * mutant.count >> 10 + 32 << 10 {
        keep(mutant, "memory\(peak)_\(seed)_\(number)")
    }
}
print(
    "\(count) mutants of \(originals.count) files: \(refused) refused, \(accepted) read, \(wrong) wrong; slowest check \(Int(slowestCheck * 1e6)) µs, slowest reading \(Int(slowestRead * 1e6)) µs, largest \(largest / 1024) MiB"
)
exit(wrong == 0 ? 0 : 1)
