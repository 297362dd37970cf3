import Foundation
import Numbers
import TensorFiles
import Tensors
import Testing

/// Files that must be refused at once, with one line that says why.
@Suite(.timeLimit(.minutes(1))) struct HostileFileTests {
  private static let npyCure = "the file is damaged or no npy file; save it anew with numpy.save"
  private static let safetensorsCure = "the file is damaged or no safetensors file; save it anew"

  static let messages: [String: String] = [
    "archive.npy":
      "this is a zip archive, as npz files are; save each array to a file with numpy.save",
    "backwards.safetensors":
      "the tensor 'w' has the offsets [8, 0], and its shape and type take 0 bytes; "
      + safetensorsCure,
    "bad-escape.safetensors":
      "a text of the header has a bad escape before byte 4; " + safetensorsCure,
    "boolean-of-2.npy":
      "element [1, 0] of the array is 2, and a boolean is 0 or 1; correct the data",
    "boolean-of-2.safetensors":
      "element [1] of the tensor 'w' is 2, and a boolean is 0 or 1; correct the data",
    "byte-behind.safetensors":
      "the tensors end at byte 8 of the data, and 9 are there; " + safetensorsCure,
    "bytes-overflow.safetensors":
      "the tensor 'w' has a shape with more elements than can be counted; " + safetensorsCure,
    "code.npy": "the header misses a dictionary; " + npyCure,
    "comma-behind.safetensors":
      "the header is not as the format has it: a text in quotes is missing at byte 54; "
      + safetensorsCure,
    "complex.npy":
      "the array has the type '<c8'; convert it with astype to float32, float64, int64 or "
      + "bool",
    "compressed.npy": "the file is compressed; unpack it with gunzip",
    "control-character.safetensors":
      "a text of the header has a control character at byte 3; " + safetensorsCure,
    "cut-in-data.npy":
      "the file ends early: the shape [2, 2] takes 16 bytes, and 15 are there; " + npyCure,
    "cut-in-data.safetensors":
      "the file ends early: the tensor 'w' ends at byte 8 of the data, and 7 are there; "
      + safetensorsCure,
    "cut-in-header.npy": "the file ends in its header; " + npyCure,
    "cut-in-length.npy": "the file ends in its header; " + npyCure,
    "cut-in-length.safetensors": "the file ends in the length of its header; " + safetensorsCure,
    "cut-in-magic.npy": "the file does not begin with \\x93NUMPY, as npy files do; " + npyCure,
    "cut-in-version.npy": "the file ends in its header; " + npyCure,
    "deep-objects.safetensors":
      "the tensor 'a' has the key 'a', which the format does not know; " + safetensorsCure,
    "deep.npy": "the header misses a text in quotes; " + npyCure,
    "deep.safetensors":
      "the header has no whole number of 0 or more at byte 15; " + safetensorsCure,
    "empty.npy": "the file is empty; " + npyCure,
    "empty.safetensors": "the file is empty; " + safetensorsCure,
    "exponent-extent.safetensors":
      "the header has no whole number of 0 or more at byte 29; " + safetensorsCure,
    "fortran-order-maybe.npy": "'fortran_order' is neither True nor False; " + npyCure,
    "fractional-extent.npy": "the shape misses ',' or ')'; " + npyCure,
    "fractional-extent.safetensors":
      "the header has no whole number of 0 or more at byte 29; " + safetensorsCure,
    "header-of-4-gib.npy":
      "the header has 4,294,967,295 bytes, and at most 65,536 are read; " + npyCure,
    "header-of-nothing.safetensors": "the header does not begin with '{'; " + safetensorsCure,
    "hole-at-start.safetensors": "no tensor holds the bytes 0 to 3 of the data; " + safetensorsCure,
    "hole.safetensors": "no tensor holds the bytes 8 to 11 of the data; " + safetensorsCure,
    "key-of-metadata-twice.safetensors": "the metadata have 'a' twice; " + safetensorsCure,
    "leading-zero.safetensors":
      "the header has no whole number of 0 or more at byte 29; " + safetensorsCure,
    "length-2-63.safetensors":
      "the header would have 9223372036854775808 bytes, and at most 100,000,000 are "
      + "allowed; " + safetensorsCure,
    "length-2-64.safetensors":
      "the header would have 18446744073709551615 bytes, and at most 100,000,000 are "
      + "allowed; " + safetensorsCure,
    "length-beyond-file.safetensors":
      "the file ends in its header, which would have 90,000,000 bytes; " + safetensorsCure,
    "lone-surrogate.safetensors":
      "a text of the header has a bad escape before byte 8; " + safetensorsCure,
    "metadata-of-numbers.safetensors":
      "the header is not as the format has it: a text in quotes is missing at byte 21; "
      + safetensorsCure,
    "metadata-twice.safetensors": "the header has '__metadata__' twice; " + safetensorsCure,
    "negative-extent.npy": "the shape has a negative extent; " + npyCure,
    "negative-extent.safetensors":
      "the header has no whole number of 0 or more at byte 29; " + safetensorsCure,
    "no-brace.safetensors": "the header does not begin with '{'; " + safetensorsCure,
    "no-order.npy":
      "the array has the type '|f4'; convert it with astype to float32, float64, int64 or "
      + "bool",
    "no-shape.npy": "the header lacks one of 'descr', 'fortran_order' and 'shape'; " + npyCure,
    "no-type.safetensors":
      "the tensor 'w' needs 'dtype', 'shape' and two 'data_offsets'; " + safetensorsCure,
    "not-numpy.npy": "the file does not begin with \\x93NUMPY, as npy files do; " + npyCure,
    "not-utf8.npy": "the header has the key '��', which the format does not know; " + npyCure,
    "not-utf8.safetensors": "the header is not UTF-8 text; " + safetensorsCure,
    "objects.npy":
      "the array holds Python objects; convert it with astype to float32, float64, int64 "
      + "or bool",
    "offset-2-63.safetensors":
      "the tensor 'w' has the offsets [9223372036854775800, 9223372036854775807], and its "
      + "shape and type take 8 bytes; " + safetensorsCure,
    "offset-overflows.safetensors":
      "the header has a number beyond 2^63 - 1 at byte 50; " + safetensorsCure,
    "one-byte-too-many.npy":
      "the array of shape [2, 2] takes 16 bytes, and 17 are there; save one array per file",
    "one-offset.safetensors":
      "the tensor 'w' needs 'dtype', 'shape' and two 'data_offsets'; " + safetensorsCure,
    "open-quote.npy": "a text in the header does not end; " + npyCure,
    "overlap.safetensors":
      "the tensor 'v' begins at byte 4 of the data, inside the tensor 'w'; " + safetensorsCure,
    "same-bytes.safetensors":
      "the tensor 'v' begins at byte 0 of the data, inside the tensor 'w'; " + safetensorsCure,
    "shape-of-many-digits.npy": "the shape has an extent beyond 2^63 - 1; " + npyCure,
    "shape-overflows-behind-zero.npy":
      "the shape [0, 4294967296, 4294967296] has more elements than can be counted; " + npyCure,
    "shape-overflows-behind-zero.safetensors":
      "the tensor 'w' has a shape with more elements than can be counted; " + safetensorsCure,
    "shape-overflows.npy":
      "the shape [4294967296, 4294967296, 4] has more elements than can be counted; " + npyCure,
    "shape-overflows.safetensors":
      "the tensor 'w' has a shape with more elements than can be counted; " + safetensorsCure,
    "shape-too-large.npy":
      "the array has 1,099,511,627,776 elements, and at most 1,073,741,824 are read; save "
      + "a part of it",
    "shape-twice.npy": "the header has the key 'shape' twice; " + npyCure,
    "shape-twice.safetensors": "the tensor 'w' has 'shape' twice; " + safetensorsCure,
    "structured.npy":
      "the array is structured: its elements have fields; save each field as an array of "
      + "its own",
    "tensor-twice.safetensors": "the header has 'w' twice; " + safetensorsCure,
    "text-behind.npy": "text follows the dictionary of the header; " + npyCure,
    "text-behind.safetensors": "text follows the header's JSON at byte 54; " + safetensorsCure,
    "text-type.npy":
      "the array has the type '<U7'; convert it with astype to float32, float64, int64 or "
      + "bool",
    "three-offsets.safetensors":
      "a list in the header has more than 2 numbers at byte 52; " + safetensorsCure,
    "too-many-axes.npy": "the shape has more than 64 axes; " + npyCure,
    "too-many-axes.safetensors":
      "a list in the header has more than 64 numbers at byte 157; " + safetensorsCure,
    "unfinished-text.safetensors":
      "the header is not as the format has it: the end of a text is missing at byte 3; "
      + safetensorsCure,
    "unfinished.safetensors":
      "the header is not as the format has it: '}' is missing at byte 53; " + safetensorsCure,
    "unknown-key.npy": "the header has the key 'evil', which the format does not know; " + npyCure,
    "unknown-key.safetensors":
      "the tensor 'w' has the key 'x', which the format does not know; " + safetensorsCure,
    "unknown-type.safetensors":
      "the tensor 'w' has the type 'C64'; save it as one of F64, F32, F16, BF16, F8_E4M3, "
      + "F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL",
    "unsigned-beyond.npy":
      "element [1, 0] of the array is 9223372036854775808, and integers are read up to "
      + "2^63 - 1; correct the data",
    "version-9.npy":
      "the version of the format is 9.0, and 1.0, 2.0 and 3.0 are read; save it anew with "
      + "numpy.save",
    "wrong-size.safetensors":
      "the tensor 'w' has the offsets [0, 8], and its shape and type take 12 bytes; "
      + safetensorsCure,
  ]

  private static func refusal(_ path: String) -> String? {
    message(path) {
      if path.hasSuffix(".npy") {
        _ = try NpyFile(path).tensor()
      } else {
        let file = try SafetensorsFile(path)
        for entry in file.entries { _ = try file.tensor(entry.name) }
      }
    }
  }

  @Test func everyFileOfTheFolderHasItsMessage() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Files.path("hostile"))
    #expect(names.sorted() == Self.messages.keys.sorted())
  }

  @Test(arguments: messages.keys.sorted()) func aHostileFileIsRefusedAtOnce(name: String) {
    let path = Files.path("hostile/" + name)
    let start = processorSeconds()
    #expect(Self.refusal(path) == Self.messages[name].map { "FILE: " + $0 })
    #expect(processorSeconds() - start < 1)
  }

  @Test(arguments: ["npy", "safetensors"]) func whatIsNoRegularFileIsRefused(format: String) throws
  {
    func refusal(_ path: String) -> String? {
      message(path) {
        if format == "npy" { _ = try NpyFile(path) } else { _ = try SafetensorsFile(path) }
      }
    }
    let article = format == "npy" ? "an" : "a"
    #expect(refusal("/no/such/file") == "FILE: there is no such file; check the path")
    #expect(
      refusal(Files.folder.path)
        == "FILE: this is a directory; name \(article) \(format) file in it")
    #expect(
      refusal("/dev/zero") == "FILE: this is not a regular file; name \(article) \(format) file")
    // Opening a pipe that nobody writes to would wait for a writer.
    try Files.withTemporary { path in
      try #require(unsafe mkfifo(path, 0o600) == 0)
      #expect(
        refusal(path) == "FILE: this is not a regular file; name \(article) \(format) file")
    }
  }

  /// A terabyte of zeros that takes no room on the disk, behind a header that fits it.
  @Test func aHugeFileIsRefusedUnread() throws {
    try Files.withTemporary { path in
      let header =
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[1099511627776],\"data_offsets\":[0,1099511627776]}}"
      var bytes = Data([UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0])
      bytes.append(contentsOf: header.utf8)
      try bytes.write(to: URL(fileURLWithPath: path))
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.truncate(atOffset: UInt64(bytes.count) + 1 << 40)
      try handle.close()
      #expect(
        message(path) { _ = try SafetensorsFile(path).tensor("w") }
          == "FILE: the tensor 'w' takes 8,796,093,022,208 bytes, and at most 8,589,934,592 are "
          + "read; save a part of it")
    }
  }

  @Test func aHeaderOfManyTensorsIsReadInTime() throws {
    try Files.withTemporary { path in
      var header = "{"
      for number in 0..<200_000 {
        header += "\"tensor \(number)\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},"
      }
      header += "\"last\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}"
      var bytes = Data((0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) })
      bytes.append(contentsOf: header.utf8 + [0])
      try bytes.write(to: URL(fileURLWithPath: path))
      let start = processorSeconds()
      #expect(Self.refusal(path)?.contains("begins at byte 0 of the data, inside") == true)
      #expect(processorSeconds() - start < 1)
    }
  }

  @Test func aHugeNameDoesNotFillTheScreen() throws {
    let name = String(repeating: "x\u{301}", count: 100_000)
    try Files.withTemporary { path in
      try SafetensorsFile.write([.init(name, Tensor([Float(1)], shape: [1]))], to: path)
      let text = try #require(message(path) { _ = try SafetensorsFile(path).tensor("y" + name) })
      #expect(text.utf8.count < 1000)
    }
  }

  /// Files with some bytes changed or cut off: read or refused, never a crash.
  @Test(arguments: ["tensors.safetensors", "fortran.npy", "booleans.npy", "version-2.npy"])
  func damagedFilesAreReadOrRefused(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Files.path(name))))
    let stream = RandomStream(seed: 5, name: name)
    var refused = 0
    for round in 0..<300 {
      let numbers = stream.substream(UInt32(round))
      var damaged = bytes
      for change in 0..<1 + round % 3 {
        // Mostly in the header, where the numbers are.
        let place = numbers.integer(at: 2 * change, below: min(bytes.count, 400))
        damaged[place] = UInt8(numbers.integer(at: 2 * change + 1, below: 256))
      }
      if round % 5 == 0 { damaged.removeLast(numbers.integer(at: 99, below: bytes.count)) }
      try Files.withTemporary { path in
        let url = URL(fileURLWithPath: path + "." + (name as NSString).pathExtension)
        defer { try? FileManager.default.removeItem(at: url) }
        try Data(damaged).write(to: url)
        if Self.refusal(url.path) != nil { refused += 1 }
      }
    }
    // A change of the elements, or of a name, is no damage that a reader can see.
    #expect(refused > 60 && refused <= 300)
  }
}
