internal import Tensors

/// The numbers of header messages. HDF5 File Format Specification IV.A.2
enum DoormanMessageType {
    static let (null, dataspace, linkInfo, datatype, oldFill, fill, link, externalFiles) = (0, 1, 2, 3, 4, 5, 6, 7)
    static let (layout, groupInfo, filters, attribute, comment, oldTime, sharedTable) = (8, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF)
    static let (continuation, symbolTable, time, treeK, driverInfo, attributeInfo, references) = (0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16)

    /// An object has several of these.
    static let repeatable: Set<Int> = [null, link, attribute, continuation]
    /// What the library does not look at when it opens an object, or takes for a few numbers.
    static let plain: Set<Int> = [null, continuation, oldTime, time, references, groupInfo, comment, oldFill, fill]
}

extension Doorman {
    private typealias Message = DoormanMessageType

    /// Looks at the object whose header is at `address`.
    mutating func visit(_ address: UInt64) throws {
        let messages = try header(at: address)
        listBytes = file.count
        var single: [Int: DoormanMessage] = [:]
        for message in messages {
            guard message.type <= Message.references, message.type != 9, message.type != Message.sharedTable, message.type != Message.treeK,
                message.type != Message.driverInfo
            else {
                throw body(message).problem(
                    "an object's header has a message that is not known", found: "number \(message.type)", kind: .unsupported)
            }
            if message.isShared, message.type != Message.datatype {
                guard message.type != Message.null else { throw body(message).problem("an empty message is shared") }
                throw body(message).problem("a part of an object is kept elsewhere", found: "message \(message.type)", kind: .unsupported)
            }
            guard Message.repeatable.contains(message.type) || single.updateValue(message, forKey: message.type) == nil else {
                throw body(message).problem("an object's header says a thing twice", found: "message \(message.type) again")
            }
        }
        let isGroup = single[Message.symbolTable] != nil || single[Message.linkInfo] != nil
        let isDataset = single[Message.layout] != nil || single[Message.dataspace] != nil
        guard isGroup != isDataset || !isGroup && single[Message.datatype] != nil, !isGroup || single[Message.datatype] == nil else {
            throw KerasError(
                .malformed, "an object is not one of a group, a dataset and a datatype", at: Place(offset: file.offset(address)),
                found: isGroup ? "what makes several of them" : "what makes none")
        }
        guard isGroup || current > 0 else {
            throw KerasError(.malformed, "the root of the file is not a group", at: Place(offset: file.offset(address)))
        }
        try checkPlain(single)
        if isGroup {
            try visitGroup(address, single, links: messages.filter { $0.type == Message.link })
        } else if isDataset {
            try visitDataset(address, single)
        } else if let message = single[Message.datatype] {
            guard !message.isShared else { throw body(message).problem("a named datatype is kept elsewhere", kind: .unsupported) }
            var field = body(message)
            _ = try datatype(&field)
        }
        for message in messages where message.type == Message.attribute { try attribute(body(message)) }
        if let message = single[Message.attributeInfo] { try denseAttributes(body(message)) }
    }

    /// Messages of a few fixed fields.
    private func checkPlain(_ single: [Int: DoormanMessage]) throws {
        if let message = single[Message.comment] {
            var field = body(message)
            _ = try field.text()
        }
        if let message = single[Message.oldTime] {
            var field = body(message)
            try field.skip(16)
        }
        if let message = single[Message.time] {
            var field = body(message)
            _ = try field.version(1...1, of: "a time of change")
            try field.skip(7)
        }
        if let message = single[Message.references] {
            var field = body(message)
            _ = try field.version(0...0, of: "a count of links")
            guard try field.u32() > 0 else { throw field.problem("an object that is linked to says that it is not") }
        }
        if let message = single[Message.groupInfo] {
            var field = body(message)
            _ = try field.version(0...0, of: "a group's settings")
            let flags = try field.u8()
            guard flags & ~3 == 0 else { throw field.problem("a group's settings have flags that are not known", found: "\(flags)") }
            if flags & 1 != 0 { try field.skip(4) }
            if flags & 2 != 0 { try field.skip(4) }
        }
    }
}
