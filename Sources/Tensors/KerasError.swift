/// Everything that went wrong with one thing, all of it at once: a file's every unknown layer, not the first alone.
public struct KerasError: Error, Sendable, Equatable, CustomStringConvertible {
    public var problems: [Problem]

    public init(problems: [Problem]) { self.problems = problems }

    public init(
        _ kind: Problem.Kind, _ sentence: String, at place: Place = Place(), found: String? = nil, expected: String? = nil,
        cause: String? = nil
    ) {
        problems = [Problem(kind: kind, sentence: sentence, place: place, found: found, expected: expected, cause: cause)]
    }

    /// A line per problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }

    /// The same problems, with what their places lack filled in from `place`.
    public func placed(_ place: Place) -> KerasError { KerasError(problems: problems.map { $0.placed(place) }) }

    /// Runs `body`; what it throws learns where it happened.
    @inlinable package static func placing<R>(_ place: @autoclosure () -> Place, _ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as KerasError { throw error.placed(place()) }
    }

    /// What `body` reads, or nil where that is not as it should be. Memory that was refused says nothing about it: another time it may be read.
    ///
    /// - Throws: a `resource` problem of `body`.
    package static func orNil<R>(_ body: () throws -> R) throws -> R? {
        do { return try body() } catch let error as KerasError where !error.isOfResources { return nil }
    }

    /// Whether memory or another limit is among what went wrong.
    package var isOfResources: Bool { problems.contains { $0.kind == .resource } }
}

/// One thing that is wrong: what kind, in one sentence, where, what was found and what was expected.
public struct Problem: Sendable, Equatable, CustomStringConvertible {
    /// What a caller would do about it. `unsupported` is a valid file that this version does not handle; `malformed` is not a valid file.
    public enum Kind: Sendable, Equatable {
        case malformed, mismatch, policy, resource, unsupported
        case noInput, cannotCreate, io
        case usage
    }

    public var kind: Kind
    public var sentence: String
    public var place: Place
    public var found: String?
    public var expected: String?
    /// What a lower layer said, in its own words (libhdf5, the operating system).
    public var cause: String?

    public init(kind: Kind, sentence: String, place: Place = Place(), found: String? = nil, expected: String? = nil, cause: String? = nil) {
        self.kind = kind
        self.sentence = sentence
        self.place = place
        self.found = found
        self.expected = expected
        self.cause = cause
    }

    /// The same, with what its place lacks filled in from `place`.
    package func placed(_ place: Place) -> Problem {
        var problem = self
        problem.place.fill(from: place)
        return problem
    }

    public var description: String {
        var text = place.isEmpty ? sentence : "\(place): \(sentence)"
        if let found { text += "; found \(found)" }
        if let expected { text += found == nil ? "; expected \(expected)" : ", expected \(expected)" }
        if let cause { text += " (\(cause))" }
        return text
    }
}

/// Where: file, object in it (HDF5 path or zip member), layer, key, byte.
public struct Place: Sendable, Equatable, CustomStringConvertible {
    public var file: String?
    public var object: String?
    public var layer: String?
    public var key: String?
    public var offset: Int?

    public init(file: String? = nil, object: String? = nil, layer: String? = nil, key: String? = nil, offset: Int? = nil) {
        self.file = file
        self.object = object
        self.layer = layer
        self.key = key
        self.offset = offset
    }

    public var isEmpty: Bool { self == Place() }

    mutating func fill(from other: Place) {
        file = file ?? other.file
        object = object ?? other.object
        layer = layer ?? other.layer
        key = key ?? other.key
        offset = offset ?? other.offset
    }

    public var description: String {
        var parts: [String] = []
        if let file { parts.append(file) }
        if let object { parts.append(object) }
        if let layer { parts.append("layer '\(layer)'") }
        if let key { parts.append("key '\(key)'") }
        if let offset { parts.append("byte \(offset)") }
        return parts.joined(separator: ": ")
    }
}

/// Gathers problems so that a file's are reported together.
package struct ProblemList: Sendable {
    package private(set) var problems: [Problem] = []
    package init() {}

    package var isEmpty: Bool { problems.isEmpty }
    package mutating func add(_ error: KerasError) { problems += error.problems }
    package mutating func add(_ problem: Problem) { problems.append(problem) }

    /// Runs `body`; a thrown error is kept and nil returned.
    package mutating func attempt<R>(at place: @autoclosure () -> Place = Place(), _ body: () throws -> R) -> R? {
        do { return try body() } catch let error as KerasError {
            add(error.placed(place()))
        } catch {
            add(Problem(kind: .io, sentence: "something failed that has no name here", place: place(), cause: "\(error)"))
        }
        return nil
    }

    /// - Throws: all of them, if there are any.
    package func throwIfAny() throws {
        if !problems.isEmpty { throw KerasError(problems: problems) }
    }
}
