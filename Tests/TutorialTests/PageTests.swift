import Foundation
import Testing

/// That the pages say what is compiled and run here.
@Suite struct PageTests {
    /// The file in which the code of each page stands.
    static let files = [
        "mnist": "MNISTTutorial", "dropout": "DropoutTutorial", "walkthrough": "WalkthroughTutorial", "photos": "PhotosTutorial",
        "convolution": "ConvolutionTutorial",
    ]

    @Test func everyPageHasItsFile() throws { #expect(try Page.names == PageTests.files.keys.sorted()) }

    @Test(arguments: files.keys.sorted()) func codeStandsInItsFile(_ name: String) throws {
        let page = try Page(name)
        #expect(page.blocks.contains { $0.kind == "swift" })
        let source = try Page.source(try #require(PageTests.files[name]))
        #expect(page.strays("swift", among: source).map { "\(name).md:\($0.line)" } == [])
    }

    @Test func aStrayLineIsFound() throws {
        let page = try Page("mnist")
        var source = try Page.source("MNISTTutorial")
        let line = try #require(source.firstIndex { $0.contains("MaxPooling2D") })
        source.remove(at: line)
        #expect(page.strays("swift", among: source).count == 1)
    }
}

extension Page {
    /// Runs the code of a page, and looks whether it printed the page's `text` blocks.
    ///
    /// - Returns: what `body` does.
    static func run<R>(_ name: String, _ body: () throws -> R) throws -> R {
        let console = Console()
        let result = try Console.$current.withValue(console) { try body() }
        #expect(try Page(name).strays("text", among: console.lines).map { "\(name).md:\($0.line)" } == [])
        return result
    }
}
