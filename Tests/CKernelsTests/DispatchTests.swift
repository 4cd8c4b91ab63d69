import CKernels
import Testing

@Suite struct DispatchTests {
    @Test func everyTableSaysItsName() {
        for name in Table.names {
            guard let table = kk_table_f32_named(name) else { continue }
            #expect(String(cString: table.pointee.name) == name)
            #expect(table.pointee.nr > 0)
        }
        #expect(String(cString: reference.name) == "generic")
    }

    @Test func theBestIsTheFirstThatRuns() {
        let first = Table.names.first { kk_table_f32_named($0) != nil }
        #expect(String(cString: kk_table_f32_best().pointee.name) == first)
        #expect(kk_table_f32_named("generic") != nil)
    }

    @Test func unknownNamesHaveNoTable() {
        #expect(kk_table_f32_named("mmx") == nil)
        #expect(kk_table_f32_named("") == nil)
    }

    @Test func kindsHaveNames() {
        #expect(String(cString: kk_unary_name(.gelu_tanh)) == "gelu_tanh")
        #expect(String(cString: kk_binary_name(.prelu)) == "prelu")
        #expect(String(cString: kk_reduce_name(.sum_of_squares)) == "sum_of_squares")
    }
}
