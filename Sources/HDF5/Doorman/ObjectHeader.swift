internal import Tensors

/// One message of an object's header: where its body is.
struct DoormanMessage {
    let type: Int
    let flags: Int
    let body: Range<Int>

    var isShared: Bool { flags & 2 != 0 }
}

extension Doorman {
    /// The messages of the header at `address`, with those of its continuations.
    mutating func header(at address: UInt64) throws -> [DoormanMessage] {
        if let known = headers[address] { return known }
        let start = try file.span(address, 4, "an object's header").at
        let isNew = file.bytes[start..<start + 4].elementsEqual("OHDR".utf8)
        let messages = try isNew ? newHeader(address) : oldHeader(address)
        headers[address] = messages
        return messages
    }

    /// Version 1: no signature, no checksum.
    private mutating func oldHeader(_ address: UInt64) throws -> [DoormanMessage] {
        var prefix = try file.span(address, 16, "an object's header")
        // What has no signature and another version is no header at all.
        _ = try prefix.version(1...1, of: "an object's header", kind: .malformed)
        try prefix.skip(1)
        let count = try prefix.u16()
        try prefix.skip(4)
        let size = try prefix.u32()
        var block = try claim(address, 16 + UInt64(size), "an object's header")
        try block.skip(16)
        var messages: [DoormanMessage] = []
        var continuations: [DoormanMessage] = []
        var next = 0
        while true {
            while block.left >= 8 {
                let type = try block.u16()
                let length = try block.u16()
                let flags = try block.u8()
                try block.skip(3)
                try add(&messages, &continuations, type: type, flags: flags, &block, length)
            }
            guard block.left == 0 else { throw block.problem("a header's messages do not fill it", found: "\(block.left) bytes left over") }
            guard next < continuations.count else { break }
            let (address, length) = try continuation(continuations[next])
            block = try claim(address, length, "an object's header")
            next += 1
        }
        guard messages.count == count else {
            throw block.problem("a header has not as many messages as it says", found: "\(messages.count)", expected: "\(count)")
        }
        return messages
    }

    /// Version 2: signatures, checksums, messages that need not fill their block.
    private mutating func newHeader(_ address: UInt64) throws -> [DoormanMessage] {
        // Of the longest prefix there is; a file has a checksum after it in any case.
        var prefix = try file.span(address, min(40, UInt64(file.count) - address), "an object's header")
        let start = prefix.at
        try prefix.skip(4)
        _ = try prefix.version(2...2, of: "an object's header")
        let flags = try prefix.u8()
        guard flags & ~0x3F == 0 else { throw prefix.problem("a header has flags that are not known", found: "\(flags)") }
        if flags & 0x20 != 0 { try prefix.skip(16) }
        if flags & 0x10 != 0 {
            let most = try prefix.u16()
            guard try prefix.u16() <= most else { throw prefix.problem("a header's limits of attributes contradict each other") }
        }
        let size = try prefix.number(1 << (flags & 3))
        let prefixLength = prefix.at - start
        guard size <= UInt64(file.count) else {
            throw prefix.problem("a header reaches beyond the end of the file", found: "\(size) bytes")
        }
        var block = try claim(address, UInt64(prefixLength) + size + 4, "an object's header")
        var blockStart = block.at
        try block.skip(prefixLength)
        var messages: [DoormanMessage] = []
        var continuations: [DoormanMessage] = []
        var next = 0
        let messagePrefix = flags & 4 != 0 ? 6 : 4
        while true {
            while block.left - 4 >= messagePrefix {
                let type = try block.u8()
                let length = try block.u16()
                let messageFlags = try block.u8()
                if flags & 4 != 0 { try block.skip(2) }
                guard length <= block.left - 4 else {
                    throw block.problem(
                        "a header's message is longer than its block", found: "\(length) bytes", expected: "at most \(block.left - 4)")
                }
                try add(&messages, &continuations, type: type, flags: messageFlags, &block, length)
            }
            try block.skip(block.left - 4)
            try block.checksum(from: blockStart, "an object's header")
            guard next < continuations.count else { break }
            let (address, length) = try continuation(continuations[next])
            guard length >= 8 else { throw block.problem("a header's continuation is too short", found: "\(length) bytes") }
            block = try claim(address, length, "an object's header")
            blockStart = block.at
            try block.signature("OCHK", "a header's continuation")
            next += 1
        }
        return messages
    }

    private mutating func add(
        _ messages: inout [DoormanMessage], _ continuations: inout [DoormanMessage], type: Int, flags: Int, _ block: inout DoormanCursor,
        _ length: Int
    ) throws {
        let start = block.at
        try block.skip(length)
        guard messages.count < budgets.hdf5Messages else {
            throw block.problem("a header has too many messages", expected: "at most \(budgets.hdf5Messages)", kind: .resource)
        }
        // Shared and not to be shared; unknown ones that are to stop whoever does not know them.
        guard flags & 0x06 != 0x06, flags & 0xA0 == 0, flags & 0x18 != 0x18 else {
            throw block.problem("a header's message has flags that contradict each other", found: "\(flags)")
        }
        let message = DoormanMessage(type: type, flags: flags, body: start..<block.at)
        messages.append(message)
        if type == 0x10 {
            guard !message.isShared else { throw block.problem("a header's continuation is shared") }
            continuations.append(message)
        }
    }

    private func continuation(_ message: DoormanMessage) throws -> (address: UInt64, length: UInt64) {
        var field = body(message)
        return (try field.u64(), try field.u64())
    }

    func body(_ message: DoormanMessage) -> DoormanCursor {
        DoormanCursor(file: file, at: message.body.lowerBound, end: message.body.upperBound)
    }
}
