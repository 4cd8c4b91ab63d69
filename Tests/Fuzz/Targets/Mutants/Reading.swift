@preconcurrency import Glibc
import HDF5
import Storage
import Tensors

/// Reads a file to its end, and may tell what it found: a line for each array and text, with a digest of its bytes.
struct Reading {
    /// Objects to be read at most.
    var left = 1000
    /// Nil if nobody asks.
    var answers: [String]?

    mutating func read(_ group: HDF5Group, path: String = "", depth: Int = 0) {
        attributes(group, path)
        for name in (try? group.names()) ?? [] where depth < 8 && left > 0 {
            left -= 1
            let place = "\(path)/\(name)"
            switch try? group.member(name) {
            case .group(let member): read(member, path: place, depth: depth + 1)
            case .dataset(let dataset):
                attributes(dataset, place)
                if dataset.datatype.isText {
                    tell(place, try? dataset.strings())
                } else {
                    tell(place, try? dataset.tensor(opaqueAs: .bfloat16))
                }
            default: break
            }
        }
    }

    private mutating func attributes(_ object: some HDF5Object, _ path: String) {
        for name in (try? object.attributeNames()) ?? [] {
            guard let attribute = try? object.attribute(name) else { continue }
            if attribute.datatype.isText {
                tell("\(path)@\(name)", try? attribute.strings())
            } else {
                tell("\(path)@\(name)", try? attribute.tensor())
            }
        }
    }

    private mutating func tell(_ place: String, _ tensor: Tensor?) {
        guard let tensor, answers != nil, let whole = try? tensor.contiguous() else { return }
        tell(place, UnsafeRawBufferPointer(start: whole.address, count: whole.byteCount), kind: "\(tensor.dtype)")
    }

    private mutating func tell(_ place: String, _ texts: [String]?) {
        guard let texts, answers != nil else { return }
        texts.joined(separator: "\u{1}").utf8.withContiguousStorageIfAvailable { tell(place, UnsafeRawBufferPointer($0), kind: "text") }
    }

    private mutating func tell(_ place: String, _ bytes: UnsafeRawBufferPointer, kind: String) {
        var digest = MD5()
        digest.update(bytes)
        answers?.append("\(kind)\t\(digest.digest())\t\(place)")
    }
}
