import ArgumentParser
import Keras

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Says what went wrong, a line per problem, and ends the command with the status of the gravest.
func finish(after error: any Error) -> Never {
    guard let problems = (error as? KerasError)?.problems else {
        // The parser's own: help and version on standard output with status 0, wrong usage with status 64.
        KerasCommand.exit(withError: error)
    }
    // What was found out before something failed is still worth reading.
    try? Terminal.flush()
    for problem in problems { Terminal.complain(problem.description) }
    exit(problems.map(\.kind).min { $0.gravity < $1.gravity }?.exitStatus ?? 1)
}

/// Lets the command say so and end with status 74 when somebody shortens a file while it is mapped: the system tells by a signal.
func endWhenMappedFileShrinks() {
    signal(SIGBUS) { _ in
        // Nothing but what may be called from a signal handler. write(2), _exit(2)
        let text: StaticString = "keras: a file became shorter while it was being read\n"
        _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
        _exit(74)
    }
}

extension Problem.Kind {
    /// BSD's `sysexits.h`.
    var exitStatus: Int32 {
        switch self {
        case .malformed, .mismatch, .policy, .resource: 65
        case .unsupported: 69
        case .noInput: 66
        case .cannotCreate: 73
        case .io: 74
        case .usage: 64
        }
    }

    /// The lower, the graver: first what the system refuses, then what is wrong with the content, then what this version lacks.
    fileprivate var gravity: Int {
        switch self {
        case .noInput: 0
        case .io: 1
        case .cannotCreate: 2
        case .malformed, .mismatch, .policy, .resource: 3
        case .unsupported: 4
        case .usage: 5
        }
    }
}
