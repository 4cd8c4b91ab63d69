import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// What a file is, told by its content; its name says nothing.
package enum FileKind: Sendable {
    case hdf5, zip, npy, json, yaml, safetensors, other

    package init(_ bytes: Buffer) {
        if Safetensors.sniff(bytes) {
            self = .safetensors
            return
        }
        self = bytes.withUnsafeBytes { bytes in
            if bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) { return .hdf5 }
            if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06]) { return .zip }
            if bytes.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) { return .npy }
            let text = bytes.prefix(1 << 10).drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            if text.first == UInt8(ascii: "{") { return .json }
            return FileKind.isArchitecture(bytes.prefix(FileKind.yamlSearched)) ? .yaml : .other
        }
    }

    private static let yamlSearched = 1 << 12

    /// Whether a line of text begins as the class of a model does in YAML; `to_yaml` writes keys in the order of their letters.
    private static func isArchitecture(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, first >= 0x20, first < 0x7F else { return false }
        return bytes.split(separator: 0x0A, maxSplits: 8).contains {
            $0.starts(with: "class_name:".utf8) || $0.starts(with: "{class_name:".utf8)
        }
    }
}
