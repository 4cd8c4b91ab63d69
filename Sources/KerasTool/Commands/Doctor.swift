import ArgumentParser
import Keras
import KerasFormat
import Storage

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says everything that is odd about a file, and what each Keras makes of it.",
        discussion: """
            Any file of any Keras: whole models, weights, architectures. What Keras 1, 2, tf_keras and 3 would do with it is told by its words; \
            no Keras is run, and nothing of the file.

            Exit status: 0 nothing is odd; 1 something is, and the file is read all the same; else why it cannot be read, as for every command.

            Examples:
              keras doctor model.h5
              keras doctor model.keras --json
            """)

    @Argument(help: "A file of Keras's.")
    var file: String

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() throws {
        let diagnosis = try Diagnosis(file)
        json ? Terminal.print(Doctor.json(diagnosis, file).serialized(.indented(2))) : Terminal.write(text(diagnosis))
        if !diagnosis.problems.isEmpty { throw KerasError(problems: diagnosis.problems) }
        guard !diagnosis.oddities.isEmpty else { return }
        try Terminal.flush()
        throw ExitCode(1)
    }

    private func text(_ diagnosis: Diagnosis) -> String {
        var text = "\(Terminal.visible(file))  \(diagnosis.container)"
        if let writer = diagnosis.writer { text += ", by \(Terminal.visible(writer))" }
        text += "\n"
        if !diagnosis.problems.isEmpty { text += "\ncannot be read here:\n" + Doctor.lines(diagnosis.problems) }
        if !diagnosis.oddities.isEmpty { text += "\nodd:\n" + Doctor.lines(diagnosis.oddities) }
        if diagnosis.verdicts.isEmpty { return text }
        text += "\nwhat each Keras makes of it:\n"
        let width = FileReader.allCases.map(\.rawValue.count).max() ?? 0
        for verdict in diagnosis.verdicts {
            let name = verdict.reader.rawValue
            text += "  \(name)\(String(repeating: " ", count: width - name.count))  \(verdict.reading.rawValue)\n"
            for reason in verdict.reasons {
                text += String(repeating: " ", count: width + 6) + Terminal.visible(reason.text + Doctor.listed(reason.places)) + "\n"
            }
        }
        return text
    }

    private static func lines(_ problems: [Problem]) -> String { problems.map { "  \(Terminal.visible($0.description))\n" }.joined() }

    private static func listed(_ places: [String]) -> String {
        places.isEmpty ? "" : ": " + places.prefix(6).joined(separator: ", ") + (places.count > 6 ? ", and \(places.count - 6) more" : "")
    }

    private static func json(_ diagnosis: Diagnosis, _ file: String) -> JSON {
        func list(_ problems: [Problem]) -> JSON {
            .array(
                problems.map { problem in
                    func text(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
                    return [
                        "kind": .string("\(problem.kind)"), "sentence": .string(problem.sentence), "layer": text(problem.place.layer),
                        "key": text(problem.place.key), "object": text(problem.place.object), "found": text(problem.found),
                        "expected": text(problem.expected),
                    ]
                })
        }
        let readers = diagnosis.verdicts.map { verdict -> JSON in
            let reasons = verdict.reasons.map { reason -> JSON in
                ["reason": .string(reason.text), "layers": .array(reason.places.map(JSON.string))]
            }
            return ["keras": .string(verdict.reader.rawValue), "outcome": .string(verdict.reading.rawValue), "reasons": .array(reasons)]
        }
        return [
            "file": .string(file), "container": .string(diagnosis.container), "written_by": diagnosis.writer.map(JSON.string) ?? .null,
            "problems": list(diagnosis.problems), "oddities": list(diagnosis.oddities), "readers": .array(readers),
        ]
    }
}
