import Foundation
import JSON
import Testing

@testable import KerasModel

@Suite struct LayerTableTests {
    /// `keras layers --markdown > docs/LAYERS.md` brings it up to date.
    @Test func thePageIsWhatTheListSays() throws {
        let page = try String(contentsOf: package.appending(path: "docs/LAYERS.md"), encoding: .utf8)
        #expect(page == LayerTable.markdown)
    }

    /// What a target lacks is what its own classes say, which `Fixtures/make/classes.py` asked each Keras for.
    @Test(arguments: [(Dialect.keras2, "keras2"), (.tfKeras, "tfkeras"), (.keras3, "keras3")])
    func whoHasALayerIsWhatEachKerasSays(dialect: Dialect, name: String) throws {
        let file = package.appending(path: "Fixtures/layers/classes_\(name).json")
        let classes = Set(try JSON(parsing: [UInt8](Data(contentsOf: file)))["classes"]?.array?.compactMap(\.string) ?? [])
        #expect(classes.count > 80)
        // Of keras.applications; a base class that only tf.keras can call.
        let others: Set = ["LayerScale", "Wrapper"]
        for row in LayerTable.rows where !others.contains(row.name) && row.name != OpaqueLayer.className {
            #expect(classes.contains(row.name) == row.dialects.contains(dialect.rawValue), "\(row.name)")
        }
    }
}
