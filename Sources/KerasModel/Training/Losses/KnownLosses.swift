/// Every loss of this package: a new one is one line here, its description beside it and its arithmetic in the runtime.
package let knownLosses: [any LossFunction.Type] = [
    // Regression
    MeanSquaredError.self, MeanAbsoluteError.self, MeanAbsolutePercentageError.self, MeanSquaredLogarithmicError.self, LogCosh.self,
    Huber.self, CosineSimilarity.self,
    // Probabilities
    CategoricalCrossentropy.self, SparseCategoricalCrossentropy.self, BinaryCrossentropy.self, KLDivergence.self, Poisson.self,
    CategoricalFocalCrossentropy.self, BinaryFocalCrossentropy.self, CategoricalGeneralizedCrossEntropy.self,
    // Margins
    Hinge.self, SquaredHinge.self, CategoricalHinge.self,
    // Segments, vectors, sequences
    Dice.self, Tversky.self, Circle.self, CTC.self,
]
