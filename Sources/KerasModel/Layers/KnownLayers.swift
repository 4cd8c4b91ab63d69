import Tensors

/// Every layer of this package: a new one is one line here and a file of its own. Tests and documentation follow from this list.
let knownLayers: [any Layer.Type] = [
    // Core
    InputLayer.self, Dense.self,
    // Convolution
    Conv1D.self, Conv2D.self, Conv3D.self,
    // Pooling
    MaxPooling1D.self, MaxPooling2D.self, MaxPooling3D.self, AveragePooling1D.self, AveragePooling2D.self, AveragePooling3D.self,
    // Reshaping
    Flatten.self,
]
