/// Every metric of this package that is not a loss too: a new one is one line here, its description beside it and its arithmetic in the
/// runtime.
package let knownMetrics: [any MetricFunction.Type] = [
    BinaryAccuracy.self, CategoricalAccuracy.self, SparseCategoricalAccuracy.self, TopKCategoricalAccuracy.self,
    SparseTopKCategoricalAccuracy.self, ExactAccuracy.self,
    // Right and wrong answers
    TruePositives.self, FalsePositives.self, TrueNegatives.self, FalseNegatives.self, Precision.self, Recall.self, AUC.self,
    SensitivityAtSpecificity.self, SpecificityAtSensitivity.self, PrecisionAtRecall.self, RecallAtPrecision.self, FBetaScore.self,
    F1Score.self, IoU.self, MeanIoU.self, BinaryIoU.self, OneHotIoU.self, OneHotMeanIoU.self,
    // Regression
    RootMeanSquaredError.self, MeanRelativeError.self, R2Score.self, PearsonCorrelation.self, ConcordanceCorrelation.self,
]
