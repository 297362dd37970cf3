import Numbers
import Tensors
import Testing

@testable import ONNX

/// The element types of the format, by the numbers that onnx.proto gives them.
@Suite struct DataTypeTests {
  @Test func numbersAreThoseOfTheFormat() {
    #expect(DataType.float.rawValue == 1)
    #expect(DataType.int64.rawValue == 7)
    #expect(DataType.bool.rawValue == 9)
    #expect(DataType.bfloat16.rawValue == 16)
    #expect(DataType.float8E5M2FNUZ.rawValue == 20)
    #expect(DataType.float8E8M0.rawValue == 24)
  }

  @Test func everyNameIsItsOwn() {
    let all = (1...26).compactMap(DataType.init(rawValue:))
    #expect(all.count == 26)
    #expect(Set(all.map(\.description)).count == all.count)
  }

  @Test func kindsFollowFormatsAndBits() {
    for type in (1...26).compactMap(DataType.init(rawValue:)) {
      if type.format != nil { #expect(type.kind == .real) }
      if type.integer != nil { #expect(type.kind == .integer) }
    }
    #expect(DataType.string.kind == nil)
    #expect(DataType.complex64.kind == nil)
  }
}
