import Foundation
import Numbers
import TensorFiles
import Tensors
import Testing

@Suite struct SafetensorsFileTests {
  static let reals: [Double] = [0, -0.0, 1, -2.5, 0.1, 448, 1e-3, -1.75]

  @Test func tensorsOfEveryTypeAreRead() throws {
    let file = try SafetensorsFile(Files.path("tensors.safetensors"))
    #expect(file.metadata == ["format": "pt", "épreuve": "a\tb"])
    #expect(file.entries.count == 15)
    let f64 = try file.tensor("f64")
    // The doubles of the single-precision numbers.
    #expect(f64.shape == [2, 4] && f64.texts == Self.reals.map { "\(Double(Float($0)))" })
    #expect(try file.tensor("f32").texts == Self.reals.map { "\(Float($0))" })
    for (name, format) in [
      ("f16", NumberFormat.fp16), ("bf16", .bf16), ("f8_e4m3", .fp8E4M3FN), ("f8_e5m2", .fp8E5M2),
    ] {
      let rounded = Self.reals.map { "\(Float(format.rounded(Double(Float($0)))))" }
      #expect(try file.tensor(name).texts == rounded, "\(name)")
    }
    let integers: [Int64] = [-128, -1, 0, 1, 2, 127]
    #expect(try file.tensor("i64").array(of: Int64.self) == integers.map { $0 << 40 })
    #expect(try file.tensor("i32").array(of: Int64.self) == integers.map { $0 << 20 })
    #expect(try file.tensor("i16").array(of: Int64.self) == integers)
    #expect(try file.tensor("i8").array(of: Int64.self) == integers)
    #expect(try file.tensor("u8", as: .float32).array(of: Float.self) == [0, 1, 255])
    let booleans = try file.tensor("bool")
    #expect(booleans.shape == [2, 1] && booleans.array(of: Bool.self) == [true, false])
    let scalar = try file.tensor("scalar")
    #expect(scalar.shape == .scalar && scalar.doubles == [7.5])
    #expect(try file.tensor("nothing").shape == [0, 3])
    #expect(try file.tensor("名前 \"x\"\\\n").doubles == [1])
  }

  /// All 256 codes of every format, against PyTorch.
  @Test(arguments: ["F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0"])
  func eightBitCodesAreThoseOfPyTorch(name: String) throws {
    let url = URL(fileURLWithPath: Files.path("eight-bit.json"))
    let table = try JSONDecoder().decode([String: [String]].self, from: Data(contentsOf: url))
    let expected = try #require(table[name]).map { "\(Float($0) ?? .nan)" }
    let tensor = try SafetensorsFile(Files.path("\(name).safetensors")).tensor("codes")
    // A NaN's sign has no meaning.
    #expect(tensor.texts.map { $0 == "-nan" ? "nan" : $0 } == expected)
  }

  @Test func whatIsWrittenIsWhatWasRead() throws {
    let path = Files.path("tensors.safetensors")
    let file = try SafetensorsFile(path)
    let items = try file.entries.map { entry in
      SafetensorsFile.Item(entry.name, try file.tensor(entry.name), as: entry.storedType)
    }
    try Files.withTemporary { copy in
      try SafetensorsFile.write(items.reversed(), metadata: file.metadata, to: copy)
      let again = try SafetensorsFile(copy)
      #expect(again.metadata == file.metadata)
      #expect(Set(again.entries.map(\.name)) == Set(file.entries.map(\.name)))
      for entry in again.entries {
        #expect(entry.storedType == file.entry(entry.name)?.storedType)
        let (a, b) = (try again.tensor(entry.name), try file.tensor(entry.name))
        #expect(a.shape == b.shape && a.texts == b.texts, "\(entry.name)")
      }
      // The elements begin at a multiple of eight, and the widest lie first.
      #expect(again.entries.first?.range.lowerBound.isMultiple(of: 8) == true)
      #expect(again.entries.allSatisfy { $0.range.lowerBound % $0.storedType.byteCount == 0 })
      #expect(again.entries.first?.storedType.byteCount == 8)
    }
  }

  @Test func sameContentsGiveSameBytes() throws {
    let items = (0..<20).map { SafetensorsFile.Item("t\($0)", Tensor([Float($0)], shape: [1])) }
    let notes = Dictionary(uniqueKeysWithValues: (0..<20).map { ("k\($0)", "v\($0)") })
    let files = try [items, items.shuffled()].map { items in
      try Files.withTemporary { path in
        try SafetensorsFile.write(items, metadata: notes, to: path)
        return try Data(contentsOf: URL(fileURLWithPath: path))
      }
    }
    #expect(files[0] == files[1])
  }

  @Test func aFileInMemoryIsTheSame() throws {
    let items = [SafetensorsFile.Item("a", Tensor([Float(1), 2, 3], shape: [3]))]
    let bytes = try SafetensorsFile.bytes(of: items, metadata: ["k": "v"])
    let written = try Files.withTemporary { path in
      try SafetensorsFile.write(items, metadata: ["k": "v"], to: path)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(Data(bytes) == written)
    let read = try SafetensorsFile(bytes, name: "kept").tensor("a").elements(as: Float.self)
    #expect(read.indices.map { read[$0] } == [1, 2, 3])
    #expect(throws: DataError.self) { try SafetensorsFile([1, 2, 3], name: "kept") }
  }

  @Test func anEmptyFileOfTheFormatIsRead() throws {
    #expect(try SafetensorsFile(Files.path("empty.safetensors")).entries.isEmpty)
    try Files.withTemporary { path in
      try SafetensorsFile.write([], to: path)
      #expect(try SafetensorsFile(path).entries.isEmpty)
    }
  }

  @Test func doublesAreRoundedOnceToNarrowFormats() throws {
    // Above the middle of two fp16 numbers by less than single precision can tell.
    let tensor = Tensor([1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-11], shape: [2])
    try Files.withTemporary { path in
      try SafetensorsFile.write([SafetensorsFile.Item("x", tensor, as: .float16)], to: path)
      #expect(try SafetensorsFile(path).tensor("x").doubles == [1 + 0x1p-10, 1])
    }
  }

  @Test func whatCannotBeWrittenIsNamed() {
    let path = "/tmp/never-written.safetensors"
    let one = Tensor([Int64(1), 300], shape: [2])
    func refusal(_ items: [SafetensorsFile.Item]) -> String? {
      message(path) { try SafetensorsFile.write(items, to: path) }
    }
    #expect(
      refusal([.init("a", one), .init("a", one)])
        == "FILE: two tensors are called 'a'; give each a name of its own")
    #expect(
      refusal([.init("__metadata__", one)])
        == "FILE: a tensor is called '__metadata__', which the format keeps for itself; "
        + "give it another name")
    #expect(
      refusal([.init("a", one, as: .float16)])
        == "FILE: the tensor 'a' holds integers, and cannot be stored as F16; choose another type")
    #expect(
      refusal([.init("a", one, as: .uint8)])
        == "FILE: element [1] of the tensor 'a' is 300, and the stored type ends at 0 and 255; "
        + "store a wider type")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func anUnknownNameListsWhatThereIs() {
    let path = Files.path("F8_E4M3.safetensors")
    #expect(
      message(path) { _ = try SafetensorsFile(path).tensor("code") }
        == "FILE: there is no tensor 'code'; the file holds 'codes'")
  }
}
