import Foundation
import Testing

@testable import KerasModel

@Suite struct LayerTableTests {
    /// `keras layers --markdown > docs/LAYERS.md` brings it up to date.
    @Test func thePageIsWhatTheListSays() throws {
        let page = try String(contentsOf: package.appending(path: "docs/LAYERS.md"), encoding: .utf8)
        #expect(page == LayerTable.markdown)
    }
}
