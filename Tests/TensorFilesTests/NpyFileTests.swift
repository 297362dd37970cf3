import Foundation
import TensorFiles
import Tensors
import Testing

/// Arrays that NumPy wrote are read as NumPy has them, and the reverse.
@Suite struct NpyFileTests {
  static let reals: [Double] = [
    0, -0.0, 1, -2.5, 0.1, 65504, 6e-8, .infinity, -.infinity, .nan, 3.140625, -1e-3,
  ]

  @Test(arguments: ["little", "big"])
  func realsOfEveryWidthAreRead(order: String) throws {
    // NumPy rounds to fp16 to nearest: 0.1 is 1638/2^14, 6e-8 the least subnormal 2^-24.
    let halves = Self.reals.map { value -> Float in
      value == 0.1
        ? 1638 / 16384 : value == 6e-8 ? 0x1p-24 : value == -1e-3 ? -1049 * 0x1p-20 : Float(value)
    }
    let two = try NpyFile(Files.path("\(order)-f2.npy"))
    #expect(two.storedType == .float16 && two.isBigEndian == (order == "big"))
    let half = try two.tensor()
    #expect(half.shape == [3, 4] && half.texts == halves.map { "\($0)" })
    let four = try NpyFile(Files.path("\(order)-f4.npy")).tensor()
    #expect(four.shape == [3, 4] && four.texts == Self.reals.map { "\(Float($0))" })
    let eight = try NpyFile(Files.path("\(order)-f8.npy")).tensor()
    #expect(eight.elementType == .float64 && eight.texts == Self.reals.map { "\($0)" })
    let rounded = try NpyFile(Files.path("\(order)-f8.npy")).tensor(as: .float32)
    #expect(rounded.texts == four.texts)
    let widened = try NpyFile(Files.path("\(order)-f2.npy")).tensor(as: .float64)
    #expect(widened.texts == halves.map { "\(Double($0))" })
  }

  @Test(arguments: ["little", "big"])
  func integersOfEveryWidthAreRead(order: String) throws {
    let ranges: [(String, Int64, Int64)] = [
      ("i1", -128, 127), ("i2", -32768, 32767), ("i4", -2_147_483_648, 2_147_483_647),
      ("i8", .min, .max), ("u1", 0, 255), ("u2", 0, 65535), ("u4", 0, 4_294_967_295),
      ("u8", 0, .max),
    ]
    for (code, least, greatest) in ranges {
      let file = try NpyFile(Files.path("\(order)-\(code).npy"))
      let tensor = try file.tensor()
      let values = [least, least + 1, 0, 1, 77, greatest]
      #expect(tensor.shape == [2, 3] && tensor.array(of: Int64.self) == values, "\(code)")
      #expect(try file.tensor(as: .float32).array(of: Float.self) == values.map { Float($0) })
      #expect(try file.tensor(as: .float64).array(of: Double.self) == values.map { Double($0) })
    }
  }

  @Test func booleansScalarsAndEmptyArraysAreRead() throws {
    let booleans = try NpyFile(Files.path("booleans.npy"))
    #expect(try booleans.tensor().array(of: Bool.self) == [true, false, false, true, true, true])
    #expect(try booleans.tensor(as: .int64).array(of: Int64.self) == [1, 0, 0, 1, 1, 1])
    let scalar = try NpyFile(Files.path("scalar.npy")).tensor()
    #expect(scalar.shape == .scalar && scalar.doubles == [7.5])
    let empty = try NpyFile(Files.path("empty.npy")).tensor()
    #expect(empty.shape == [3, 0, 2] && empty.count == 0)
  }

  @Test func fortranOrderIsTurned() throws {
    let file = try NpyFile(Files.path("fortran.npy"))
    #expect(file.isFortranOrder && file.shape == [2, 3, 4])
    #expect(try file.tensor().array(of: Int64.self) == (0..<24).map { Int64($0) })
    let big = try NpyFile(Files.path("fortran-big-f8.npy"))
    #expect(big.isFortranOrder && big.isBigEndian)
    #expect(try big.tensor().doubles == [0, 1, 2, 3, 4, 5])
  }

  @Test(arguments: [1, 2, 3]) func everyVersionIsRead(version: Int) throws {
    let tensor = try NpyFile(Files.path("version-\(version).npy")).tensor()
    #expect(tensor.array(of: Float.self) == [0, 1, 2, 3, 4])
  }

  /// Each written file has the bytes that NumPy wrote for the same array.
  @Test(arguments: [
    "little-f4", "little-f8", "little-i8", "booleans", "scalar", "version-1", "empty",
  ])
  func whatIsWrittenIsWhatNumPyWrites(name: String) throws {
    let path = Files.path("\(name).npy")
    let tensor = try NpyFile(path).tensor()
    let written = try Files.withTemporary { copy in
      try NpyFile.write(tensor, to: copy)
      return try Data(contentsOf: URL(fileURLWithPath: copy))
    }
    #expect(try written == Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test func aTensorOfSeveralPiecesComesBack() throws {
    // 3.2 million numbers: several pieces of a MiB.
    let tensor = Tensor(zeros: [800, 4001], .float32)
    let elements = tensor.elements(as: Float.self)
    for i in elements.indices { elements[i] = Float(i % 65537) - 0.5 }
    let (read, transposed) = try Files.withTemporary { path in
      try NpyFile.write(tensor, to: path)
      let read = try NpyFile(path).tensor()
      // The same bytes, said to be in Fortran's order.
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      let range = try #require(bytes.range(of: Data("False, 'shape': (800, 4001)".utf8)))
      bytes.replaceSubrange(range, with: Data("True , 'shape': (4001, 800)".utf8))
      try bytes.write(to: URL(fileURLWithPath: path))
      return (read, try NpyFile(path).tensor())
    }
    #expect(read.shape == tensor.shape && read.array(of: Float.self) == tensor.array())
    #expect(transposed.shape == [4001, 800])
    let turned = transposed.elements(as: Float.self)
    let isTurned = (0..<800).allSatisfy { row in
      (0..<4001).allSatisfy { turned[$0 * 800 + row] == elements[row * 4001 + $0] }
    }
    #expect(isTurned)
  }

  @Test func realsAreNotReadAsIntegers() {
    let path = Files.path("little-f4.npy")
    #expect(
      message(path) { _ = try NpyFile(path).tensor(as: .int64) }
        == "FILE: the array holds single-precision numbers, and integers are needed; "
        + "save it as int64")
  }

  @Test func aDoubleBeyondSinglePrecisionIsNamed() throws {
    let tensor = Tensor([1.0, 2, 3, 4, -1e39, 6], shape: [2, 3])
    try Files.withTemporary { path in
      try NpyFile.write(tensor, to: path)
      #expect(
        message(path) { _ = try NpyFile(path).tensor(as: .float32) }
          == "FILE: element [1, 1] of the array is -1e+39, and single precision ends at 3.4e38; "
          + "correct the data")
    }
  }

  @Test func aFileThatCannotBeWrittenLeavesNothing() throws {
    let tensor = Tensor([Float(1)], shape: [1])
    #expect(
      message("/no/such/x.npy") { try NpyFile.write(tensor, to: "/no/such/x.npy") }
        == "FILE: there is no such directory to write to; make it first")
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let target = folder.appending(path: "x.npy")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(
      message(target.path) { try NpyFile.write(tensor, to: target.path) }
        == "FILE: this is a directory; name a file in it")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.npy"])
  }
}
