/// How unlikely the outputs `(n, steps, classes)`, logits, make the labels `(n, labels)`, wherever those stand along the steps. Class 0 is
/// the blank, and fills rows of fewer labels.
///
/// Source: Graves et al., "Connectionist Temporal Classification", 2006.
public struct CTC: LossFunction {
    public static let names = FunctionNames("CTC", "ctc", in: [.keras3])
    public init() {}
}
