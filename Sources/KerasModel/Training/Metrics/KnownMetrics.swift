/// Every metric of this package that is not a loss too: a new one is one line here, its description beside it and its arithmetic in the
/// runtime.
let knownMetrics: [any MetricFunction.Type] = [
    BinaryAccuracy.self, CategoricalAccuracy.self, SparseCategoricalAccuracy.self, TopKCategoricalAccuracy.self,
    SparseTopKCategoricalAccuracy.self, ExactAccuracy.self,
]
