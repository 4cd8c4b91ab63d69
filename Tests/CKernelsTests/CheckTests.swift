import CKernels
import CKernelsChecks
import Testing

/// The checks of Tests/CKernelsChecks, one for each member of the table, on every table this processor can run.
@Suite struct CheckTests {
    @Test(arguments: Table.all, Array(0..<kc_check_count)) func matchesItsMeaning(table: Table, check: Int) {
        var message = [CChar](repeating: 0, count: 4096)
        let failures = kc_run_check(check, table.pointer, &message, message.count)
        let words = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        #expect(
            failures == 0, "\(table) \(String(cString: kc_check_name(check))): \(failures)\n\(String(decoding: words, as: UTF8.self))")
    }
}
