import Forks
@preconcurrency import Glibc
import HDF5
import Storage
import Tensors

// Files with a few places changed, each read to its end if the structure check lets it in, in a process of its own until one of them ends it.
//
//     Mutants [--answers] COUNT SEED FOLDER FILE…
//
// With --answers it keeps in FOLDER those that were read (mutants.bin: number, length, bytes) and what was found in them (answers.txt), for
// Tests/Interop/mutants.py. Without a COUNT (0) the files themselves are read.
//
// Prints how many were refused and read, the slowest and the largest, and keeps in FOLDER those that crash, take over a second, or take more
// memory than 64 MiB and twice the file. Exits with 1 if there are any.

/// What the readers tell the process that began them, in memory that they share.
struct Tally {
    /// The mutant that is being read, and after the last one how many there are.
    var at = 0
    var (refused, accepted, wrong) = (0, 0, 0)
    var (slowestCheck, slowestRead) = (0.0, 0.0)
    /// KiB beyond what the process had before.
    var largest = 0
}

final class Mutants {
    let originals: [Buffer]
    let places: [[Int]]
    let (count, seed): (Int, UInt64)
    let folder: String
    let answers: Bool
    let tally: UnsafeMutablePointer<Tally>

    init(_ files: [String], count: Int, seed: UInt64, folder: String, answers: Bool) throws {
        originals = try files.map { try Files.read($0) }
        places = count > 0 ? originals.map(metadata) : []
        (self.count, self.seed, self.folder, self.answers) = (count > 0 ? count : files.count, seed, folder, answers)
        tally = shared_memory(MemoryLayout<Tally>.size).bindMemory(to: Tally.self, capacity: 1)
        tally.initialize(to: Tally())
    }

    private func mutant(_ number: Int) throws -> Buffer {
        if places.isEmpty { return originals[number] }
        var chance = Chance(state: seed &* 0x2545_F491_4F6C_DD1D &+ UInt64(number))
        let which = Int.random(in: 0..<originals.count, using: &chance)
        let mutant = try Buffer.uninitialized(count: originals[which].count)
        mutant.bytes.copyMemory(from: UnsafeRawBufferPointer(originals[which].bytes))
        change(mutant, of: originals[which], at: places[which], &chance)
        return mutant
    }

    /// Reads mutants until there are no more, or one ends the process; a few thousand, so that what the library has not given back is not
    /// taken for theirs.
    func readOn() {
        let end = min(count, tally.pointee.at + 2000)
        while tally.pointee.at < end {
            allow_seconds(5)
            try? read(tally.pointee.at)
            tally.pointee.at += 1
        }
    }

    private func read(_ number: Int) throws {
        let mutant = try mutant(number)
        let start = now()
        let before = forget_peak()
        do {
            try HDF5File.inspect(mutant)
        } catch {
            tally.pointee.refused += 1
            let took = now() - start
            tally.pointee.slowestCheck = max(tally.pointee.slowestCheck, took)
            if took > 1 { keep(number, "slow") }
            return
        }
        tally.pointee.slowestCheck = max(tally.pointee.slowestCheck, now() - start)
        tally.pointee.accepted += 1
        if answers { pack(mutant, number) }
        let opened = now()
        if let file = try? HDF5File(bytes: mutant, name: "mutant") {
            var reading = Reading(answers: answers ? [] : nil)
            reading.read(file.root)
            if let found = reading.answers, let output = fopen("\(folder)/answers.txt", "a") {
                for line in found where !line.contains("\n") { fputs("\(number)\t\(line)\n", output) }
                fclose(output)
            }
        }
        let (took, grown) = (now() - opened, peak() - before)
        tally.pointee.slowestRead = max(tally.pointee.slowestRead, took)
        tally.pointee.largest = max(tally.pointee.largest, grown)
        if took > 1 { keep(number, "slow") }
        if before < 0 || grown > 64 << 10 + 2 * mutant.count >> 10 { keep(number, "memory\(grown)") }
    }

    /// Keeps one that was read.
    private func pack(_ bytes: Buffer, _ number: Int) {
        guard let file = fopen("\(folder)/mutants.bin", "a") else { return }
        for value in [UInt32(number), UInt32(bytes.count)] { withUnsafeBytes(of: value) { _ = fwrite($0.baseAddress, 1, 4, file) } }
        fwrite(bytes.bytes.baseAddress, 1, bytes.count, file)
        fclose(file)
    }

    /// Keeps what is wrong with one.
    func keep(_ number: Int, _ what: String) {
        tally.pointee.wrong += 1
        guard let bytes = try? mutant(number), let file = fopen("\(folder)/\(what)_\(seed)_\(number).h5", "w") else { return }
        fwrite(bytes.bytes.baseAddress, 1, bytes.count, file)
        fclose(file)
        print("kept \(what)_\(seed)_\(number)")
        fflush(stdout)
    }
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

var arguments = CommandLine.arguments
let answers = arguments.dropFirst().first == "--answers"
if answers { arguments.remove(at: 1) }
guard arguments.count > 4, let count = Int(arguments[1]), let seed = UInt64(arguments[2]) else {
    print("usage: Mutants [--answers] COUNT SEED FOLDER FILE…")
    exit(64)
}
let mutants = try Mutants(Array(arguments.dropFirst(4)), count: count, seed: seed, folder: arguments[3], answers: answers)
while mutants.tally.pointee.at < mutants.count {
    let status = withExtendedLifetime(mutants) {
        fork_and_run({ Unmanaged<Mutants>.fromOpaque($0!).takeUnretainedValue().readOn() }, Unmanaged.passUnretained(mutants).toOpaque())
    }
    if status != 0 {
        mutants.keep(mutants.tally.pointee.at, [SIGALRM, SIGPROF, SIGKILL].contains(Int32(status)) ? "hang" : "signal\(status)")
        mutants.tally.pointee.at += 1
    }
}
let tally = mutants.tally.pointee
print(
    "\(count) mutants of \(mutants.originals.count) files: \(tally.refused) refused, \(tally.accepted) read, \(tally.wrong) wrong; slowest check \(Int(tally.slowestCheck * 1e6)) µs, slowest reading \(Int(tally.slowestRead * 1e6)) µs, at most \(tally.largest / 1024) MiB more than before"
)
exit(tally.wrong == 0 ? 0 : 1)
