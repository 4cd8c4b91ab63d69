import Tensors

/// The kinds of layer a model may hold, by class name.
public struct LayerRegistry: Sendable {
    private var types: [String: any Layer.Type] = [:]
    /// For single layers, by their names.
    var functions: [String: CustomFunction] = [:]

    public init(_ types: [any Layer.Type]) {
        for type in types { register(type) }
    }

    /// Every layer of this package.
    public static let keras = LayerRegistry(knownLayers)

    public mutating func register(_ type: any Layer.Type) {
        for name in [type.className] + type.aliases { types[name] = type }
    }

    /// The kind of this name, or of what stands behind the package it is registered for: `my_package>MyLayer`.
    public subscript(className: String) -> (any Layer.Type)? {
        types[className] ?? className.split(separator: ">").last.flatMap { types[String($0)] }
    }

    /// What was registered for the layer of this name.
    package func function(for layer: String) -> CustomFunction? { functions[layer] }
}
