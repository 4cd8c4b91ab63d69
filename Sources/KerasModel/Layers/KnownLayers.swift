import Tensors

/// Every layer of this package: a new one is one line here and a file of its own. Tests and documentation follow from this list.
let knownLayers: [any Layer.Type] = [
    // Core
    InputLayer.self, Dense.self,
]
