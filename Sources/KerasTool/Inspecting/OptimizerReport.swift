import Keras
import KerasModel

/// What a model's file holds of its optimizer: each variable by the weight it belongs to and by what it is, whatever the file calls it.
struct OptimizerReport {
    private let variables: [NamedOptimizerVariable]
    private let name: String

    /// Nil if the file holds nothing of it, or something that does not fit the model.
    init?(_ model: SavedModel) {
        guard let training = model.training, let built = try? BuiltModel(model.root),
            let optimizer = try? training.optimizer(for: built), let variables = try? training.namedState(of: optimizer, in: built)
        else { return nil }
        self.variables = variables
        let written = training.optimizer["class_name"]?.string?.split(separator: ">").last
        name = written.map(String.init) ?? optimizer.algorithm.names.className
    }

    var text: String {
        var table = TextTable([("weight", .left), ("slot", .left), ("stored as", .left), ("shape", .left)])
        for variable in variables {
            let number = variable.tensor.rank == 0 ? (try? variable.tensor.scalars(as: Double.self).first).map { Numbers.short($0) } : nil
            table.add([
                Terminal.visible(variable.weight ?? ""), variable.slot, Terminal.visible(variable.stored),
                number ?? "\(variable.tensor.shape)",
            ])
        }
        return "optimizer state of \(name)\n" + table.text()
    }

    var json: JSON {
        .array(
            variables.map { variable in
                [
                    "weight": variable.weight.map(JSON.string) ?? .null, "slot": .string(variable.slot),
                    "stored": .string(variable.stored), "shape": .array(variable.tensor.shape.dims.map(JSON.integer)),
                ]
            })
    }
}
