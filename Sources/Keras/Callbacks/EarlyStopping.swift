enum EarlyStopping {
    static func sentences(_ rule: EarlyStoppingRule, restores: Bool) -> [String] {
        var sentences: [String] = []
        if let epoch = rule.stoppedEpoch { sentences.append("Epoch \(epoch + 1): early stopping") }
        if restores, let best = rule.bestEpoch {
            sentences.append("Restoring model weights from the end of the best epoch: \(best + 1).")
        }
        return sentences
    }
}
enum ReduceLROnPlateau {
    static func sentence(_ epoch: Int, _ rate: Double) -> String {
        "\nEpoch \(epoch + 1): ReduceLROnPlateau reducing learning rate to \(plain(rate))."
    }
}
