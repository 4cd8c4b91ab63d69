import Tensors
import Testing

struct ErrorTests {
    @Test func refusedMemoryIsNotAnAbsence() throws {
        #expect(try KerasError.orNil { 7 } == 7)
        #expect(try KerasError.orNil { () throws -> Int in throw KerasError(.malformed, "broken") } == nil)
        let refused = KerasError(problems: [
            Problem(kind: .malformed, sentence: "broken"), Problem(kind: .resource, sentence: "memory was refused"),
        ])
        #expect(throws: refused) { try KerasError.orNil { () throws -> Int in throw refused } }
    }
}
