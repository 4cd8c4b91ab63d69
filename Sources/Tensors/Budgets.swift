/// What a file may ask of this machine: every limit that a reader holds outside data to, in one place.
///
/// Each is checked before memory is asked for or work begins; past one, a `resource` problem says what was found and what is allowed. Beyond
/// these everything is bounded by the file's own size. The standard ones let every file pass that Keras and numpy write. To tighten or widen
/// some of them for what is read inside a scope:
///
///     var budgets = Budgets()
///     budgets.fileBytes = 100 << 20
///     let model = try Budgets.$current.withValue(budgets) { try Model.load(path) }
public struct Budgets: Sendable {
    /// What holds where nobody has said otherwise.
    public static let standard = Budgets()
    /// What holds here: inside `Budgets.$current.withValue(…)`, and in tasks begun there, what was given to it.
    @TaskLocal public static var current = Budgets.standard

    public init() {}

    // MARK: Files

    /// Bytes of one file.
    public var fileBytes = 1 << 44

    // MARK: HDF5

    /// Groups, datasets and named types of one file.
    public var hdf5Objects = 1 << 22
    /// Parts of one object's header, its attributes among them.
    public var hdf5Messages = 1 << 16
    /// Axes of one shape: HDF5's own H5S_MAX_RANK, and the most that can be set.
    public var hdf5Rank = 32
    /// Elements of one dataset or attribute.
    public var hdf5Elements = 1 << 47
    /// Components of a path. Keras nests a model in a model a few levels deep; hard links can make a circle.
    public var hdf5PathDepth = 128
    /// Types inside types: members of compounds, items of arrays.
    public var hdf5DatatypeDepth = 32
    /// Levels of one tree of names or chunks.
    public var hdf5TreeLevels = 32
    /// Bytes of one attribute's value; of a text one, all its strings together.
    public var hdf5AttributeBytes = 64 << 20
    /// Bytes of one element: the longest fixed-length string.
    public var hdf5ElementBytes = 1 << 20
    /// HDF5 files are handed to the C library as they are, without a look at their structure first: for files that you wrote yourself, and that
    /// hold what is not known here. It crashes on files that are made for it.
    public var trustsHDF5 = false
    /// Bytes of one chunk, which the C library holds whole, several times over.
    public var hdf5ChunkBytes = 64 << 20

    // MARK: JSON

    /// Bytes of one text.
    public var jsonBytes = 64 << 20
    /// Lists and objects inside each other.
    public var jsonDepth = 128

    // MARK: Archives and compressed data

    /// Members of one archive.
    public var archiveMembers = 1 << 16
    /// Bytes that anything inflates to.
    public var inflatedBytes = 16 << 30
    /// From this ratio on data is nearly all repetition, as a bomb's is…
    public var suspiciousRatio = 100
    /// …and may inflate to this many bytes only.
    public var suspiciousBytes = 1 << 30

    // MARK: numpy

    /// Bytes of the description at the start of a `.npy` file. numpy's own limit is 10,000 unless told otherwise; the longest legitimate ones
    /// describe structures.
    public var npyHeaderBytes = 1 << 20
    /// Lists inside each other in a pickle.
    public var pickleDepth = 100
    /// Values that a pickle names to use them again.
    public var pickleMemo = 1 << 20

    // MARK: Models

    /// Layers of one model, those of models inside it too.
    public var layers = 1 << 17
}
