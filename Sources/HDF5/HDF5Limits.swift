/// What a file may ask of us. Beyond these, everything is bounded by the file's own size.
package enum HDF5Limits {
    /// Axes of a dataspace: HDF5's own H5S_MAX_RANK.
    package static let rank = 32
    /// Components of a path. Keras nests a model in a model a few levels deep; hard links can make a cycle.
    package static let pathDepth = 128
    /// Bytes of one attribute's value; of a text one, all its strings together.
    package static let attributeBytes = 64 << 20
    /// Bytes of one chunk, which the library holds whole, several times over.
    package static let chunkBytes = 64 << 20
    /// Times that deflate can shrink anything: 258 bytes in two bits.
    package static let inflateRatio = 1032
    /// Bytes of one element: the longest fixed-length string.
    package static let elementBytes = 1 << 20
    /// Attributes that one list of names may be spread over, `layer_names0`, `layer_names1`, …
    package static let nameChunks = 1 << 16
    /// Bytes of one attribute that Keras writes, below the 64 KiB that a message of an object header can hold. Keras: `HDF5_OBJECT_HEADER_LIMIT`.
    package static let attributeValueBytes = 64512
}
