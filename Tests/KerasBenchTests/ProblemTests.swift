import KerasRuntime
import Tensors
import Testing

@testable import KerasBench

@Suite struct ProblemTests {
    @Test func lengthsAndWords() throws {
        let problem = try Problem("conv2d:n8h35w36c64k96r3s5samestride2dilation3groups4relupool")
        #expect("nhwckrs".map { problem[$0] } == [8, 35, 36, 64, 96, 3, 5])
        #expect(problem.stride == 2 && problem.dilation == 3 && problem.groups == 4)
        #expect(problem.has(.same) && problem.has(.relu) && problem.has(.pool) && !problem.has(.valid))
        // A pooling's stride is its window unless said, a convolution's 1.
        #expect(try Problem("maxpool:n1h9w9c2r3s3").stride == 3)
        #expect(try Problem("maxpool:n1h9w9c2r3s3stride1").stride == 1)
        #expect(try Problem("conv2d:n1h9w9c2k4r3s3").stride == 1)
        #expect(try Problem("depthwise:n1h9w9c6r3s3").groups == 6)
        let model = try Problem("model:C:a/b.h5:n32")
        #expect(model.kind == "C:a/b.h5" && model["n"] == 32)
    }

    @Test func allStandsForEveryKind() throws {
        let problems = try Problem("unary:all:n7").expanded
        #expect(problems.count == KernelPrimitives.unary.count)
        #expect(problems.map(\.kind).contains("hard_sigmoid"))
        #expect(try Problem("reduce:all:n2c3columns").expanded.allSatisfy { $0.has(.columns) })
        #expect(try Problem("softmax:n2c3").expanded.count == 1)
    }

    @Test(arguments: [
        ("foo:n3", "foo"), ("conv2d", "0 parts"), ("conv2d:n3", "no h"), ("dense:n1c2k3x4", "x4"), ("dense:n0c2k3", "n0"),
        ("dense:n1c2k3same", "same"), ("softmax:n2c3relu", "relu"), ("unary:n3", "1 parts"), ("unary:wave:n3", "wave"),
        ("conv2d:n1h9w9c2k4r3s3stride", "stride"), ("conv2d:n1h9w9c2k4r3s3same2", "same2"), ("model:a.h5", "1 parts"),
        ("conv2d:n99999999999999999999h9w9c2k4r3s3", "n99999999999999999999"), ("", "found "),
    ]) func whatIsNotUnderstoodIsNamed(_ text: String, _ named: String) throws {
        let error = try #require(throws: KerasError.self) { try Problem(text) }
        #expect(error.description.contains(named), "\(error)")
        #expect(error.problems.first?.kind == .usage)
    }

    /// The files the measurements are made of: every family is in one, every problem gives the right numbers.
    @Test func everyFamilyIsMeasuredAndRight() throws {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let problems = try Measure.lines(of: "/\(folder)/Benchmarks/every_family.txt").map { try Problem($0) }
        #expect(Set(problems.map(\.family)) == Set(Problem.Family.allCases).subtracting([.model]))
        for problem in try problems.flatMap({ try $0.expanded }) {
            // Fewer images or rows: what is judged are the numbers.
            let small = try Problem(problem.text.replacing(/:n\d+/, with: ":n\(min(problem["n"], 16))"))
            var subject = try ProblemSubject(small, options: RuntimeOptions(threads: 1))
            try subject.run()
            #expect(try subject.error().relative < 2e-6, "\(small.text)")
            #expect(subject.flops > 0 && subject.bytes > 0)
        }
        for file in ["unseen_convolutions", "known_convolutions"] {
            let problems = try Measure.lines(of: "/\(folder)/Benchmarks/\(file).txt").map { try Problem($0) }
            #expect(problems.count >= 10 && problems.allSatisfy { $0.family == .conv2d })
        }
    }

    @Test func operationsAndBytesAreCounted() throws {
        let dense = try ProblemSubject(try Problem("dense:n32c576k64"), options: RuntimeOptions(threads: 1))
        #expect(dense.flops == 2 * 32 * 576 * 64)
        #expect(dense.bytes == Double(4 * (32 * 576 + 576 * 64 + 64 + 32 * 64)))
    }

    @Test func timingCountsItsCalls() throws {
        var calls = 0
        let timing = try Timing.measure(seconds: 0.01) { calls += 1 }
        #expect(timing.calls > 0 && timing.calls <= calls && timing.best <= timing.median)
    }
}
