private import Synchronization
import Tensors

/// The memory of one run: an arena and the table of bases. Kept and used again by later runs.
final class Workspace: @unchecked Sendable {
    /// Sound to share: one run at a time holds a workspace.
    let arena: Buffer
    let scratch: Buffer
    let bases: UnsafeMutablePointer<UnsafeMutableRawPointer>

    /// - Throws: a `resource` problem when memory is refused.
    init(arenaBytes: Int, scratchBytes: Int, slots: Int) throws {
        let needed = arenaBytes + scratchBytes
        guard needed <= physicalMemory() else {
            throw KerasError(
                .resource, "the model's activations need more memory than this machine has", found: "\(needed) bytes",
                expected: "at most \(physicalMemory())")
        }
        arena = try Buffer(count: arenaBytes)
        scratch = try Buffer(count: scratchBytes)
        bases = .allocate(capacity: slots)
        bases.initialize(repeating: UnsafeMutableRawPointer(mutating: Workspace.nowhere), count: slots)
        if let start = arena.bytes.baseAddress { bases[Location.arena] = start }
        if let start = scratch.bytes.baseAddress { bases[Location.scratch] = start }
    }

    deinit { bases.deallocate() }

    /// What an empty operand points to: never read.
    static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 64)! }
}

/// Workspaces nobody uses at the moment.
final class WorkspacePool: Sendable {
    private let idle = Mutex<[Workspace]>([])

    func take() -> Workspace? { idle.withLock { $0.popLast() } }
    func put(_ workspace: Workspace) { idle.withLock { $0.append(workspace) } }
}
