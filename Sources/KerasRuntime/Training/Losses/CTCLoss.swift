import KerasModel
import Tensors

extension CTC: RowFormula {
    var targetForm: TargetForm { .ofItsOwn }

    /// `−ln` of the chance that the outputs spell a sample's labels: `(n)`.
    ///
    /// The states of a sample are its labels with blanks round them, s = 2·labels + 1 of them; a step goes on by one state, by two from label
    /// to another label, or stays.
    func formula(_ y: Term, _ x: Term, logits: Term?) throws -> Term {
        guard x.shape.rank == 3, y.shape.rank == 2, y.shape[0] == x.shape[0], y.shape[1] > 0, x.shape[1] > 0 else {
            throw KerasError(
                .mismatch, "targets do not fit the output", found: "\(y.shape) of \(x.shape)",
                expected: "(samples, labels) of (samples, steps, classes)")
        }
        let (samples, steps, labels) = (x.shape[0], x.shape[1], y.shape[1])
        let states = 2 * labels + 1
        let chances = try stateChances(y, x.emit(.logSoftmax(axis: 2)))
        // A step over a blank leads to another label, never to the first.
        let differs = try y.slice(from: 1, labels - 1).compared(.notEqual, y.slice(from: 0, labels - 1)).padded(1, 0, with: 0)
        let jumps = try differs.reshaped([samples, labels, 1]).interleaved().padded(0, 1, with: 0)
        let barred = try (1 - jumps) * Self.never
        let begin = [Double](repeating: 0, count: 2) + [Double](repeating: Self.never, count: states - 2)
        var state = try chances.step(0) + x.tape.constant(begin, shape: [1, states], as: x.dtype)
        for step in 1..<max(steps, 1) {
            let next = try state.padded(1, 0, with: Self.never).slice(from: 0, states)
            let jump = try state.padded(2, 0, with: Self.never).slice(from: 0, states) + barred
            state = try [state, next, jump].logSumOfExponentials() + chances.step(step)
        }
        // It ends in the last label, or in the blank after it.
        let length = try y.compared(.notEqual, 0).sum([1], keepDims: true)
        let places = try x.tape.constant((0..<states).map(Double.init), shape: [1, states], as: x.dtype)
        let blank = try state.gated(by: places.compared(.equal, 2 * length)).sum([1])
        let label = try state.gated(by: places.compared(.equal, 2 * length - 1)).sum([1])
        let hasLabels = try length.compared(.greater, 0).reshaped([samples])
        return try -[blank, label + (1 - hasLabels) * Self.never].logSumOfExponentials()
    }

    /// A logarithm of nothing that can still be added up.
    private static let never = -1e30

    /// The logarithms of the classes' chances for each state: `(n, s, t)`.
    private func stateChances(_ y: Term, _ logarithms: Term) throws -> Term {
        let (samples, classes, labels) = (logarithms.shape[0], logarithms.shape[2], y.shape[1])
        let chosen = try y.reshaped([samples, labels, 1]).oneHot([samples, labels, classes], axis: 2)
        let isBlank = (0..<classes).map { $0 == 0 ? 1.0 : 0 }
        let blank = try y.tape.constant(isBlank, shape: [1, 1, classes], as: logarithms.dtype)
        let pairs = try blank.broadcast(to: [samples, labels, classes]).emit(.concatenate(axis: 2), chosen)
        let states = try pairs.reshaped([samples, 2 * labels, classes]).emit(
            .concatenate(axis: 1), blank.broadcast(to: [samples, 1, classes]))
        return try states.emit(.matrixMultiply, logarithms.transposed([0, 2, 1]))
    }

    func check(_ targets: Tensor, outputs: Shape) throws { try targets.checkClasses(outputs.dims.last ?? 0) }
}

extension Term {
    /// `count` columns of a matrix.
    fileprivate func slice(from start: Int, _ count: Int) throws -> Term {
        try emit(.slice(starts: [0, start], sizes: [shape[0], count]))
    }

    /// Columns before and after those of a matrix.
    fileprivate func padded(_ before: Int, _ after: Int, with value: Double) throws -> Term {
        try emit(.pad([.none, Edges(before, after)], value: value))
    }

    /// `(n, l, 1)` → `(n, 2·l)`: a 0 before each.
    fileprivate func interleaved() throws -> Term {
        try emit(.pad([.none, .none, Edges(1, 0)], value: 0)).reshaped([shape[0], 2 * shape[1]])
    }

    /// `(n, s, t)` → `(n, s)`.
    fileprivate func step(_ step: Int) throws -> Term {
        try emit(.slice(starts: [0, 0, step], sizes: [shape[0], shape[1], 1])).squeezed(2)
    }
}

extension [Term] {
    /// Element by element.
    fileprivate func logSumOfExponentials() throws -> Term {
        let largest = try dropFirst().reduce(self[0]) { try $0.emit(.binary(.maximum), $1) }
        let sum = try dropFirst().reduce((self[0] - largest)(.exp)) { try $0 + ($1 - largest)(.exp) }
        return try sum(.log) + largest
    }
}
