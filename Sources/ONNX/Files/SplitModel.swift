import Foundation
import ONNXMessages

/// A model file without the large contents of its initializers, and where those lie.
///
/// Decoding copies what a message holds, and nearly all of a model is weights. They are taken out
/// before the rest is decoded and put back as parts of the file, so that a weight is copied once,
/// into its tensor. The layout is that of Protocol Buffers, "Encoding": fields of a tag and a
/// value, where the tag is 8 × number + wire type.
struct SplitModel {
  /// The model without what `places` tells of.
  let rest: Data
  /// For every initializer in order, which bytes of the file are its contents; nil where the rest
  /// has them.
  private let places: [Range<Int>?]

  /// Numbers of fields in onnx.proto.
  private enum Field {
    static let graph: UInt64 = 7
    static let initializer: UInt64 = 5
    static let rawData: UInt64 = 9
  }

  /// Splits a file; nil where it is not laid out as expected, so that decoding tells what is wrong.
  ///
  /// Contents of fewer than `least` bytes stay where they are.
  init?(_ bytes: Data, takingFrom least: Int = 4096) {
    var rest = Data()
    var places: [Range<Int>?] = []
    let isSplit = Self.copy(bytes, bytes.indices, to: &rest) { field, content, rest in
      guard field == Field.graph else { return nil }
      var graph = Data()
      let isGraph = Self.copy(bytes, content, to: &graph) { field, content, graph in
        guard field == Field.initializer else { return nil }
        var tensor = Data()
        var place: Range<Int>?
        let isTensor = Self.copy(bytes, content, to: &tensor) { field, content, _ in
          guard field == Field.rawData, content.count >= least else { return nil }
          guard place == nil else { return false }
          place = content
          return true
        }
        guard isTensor else { return false }
        places.append(place)
        Self.append(tensor, field: Field.initializer, to: &graph)
        return true
      }
      guard isGraph else { return false }
      Self.append(graph, field: Field.graph, to: &rest)
      return true
    }
    guard isSplit, places.contains(where: { $0 != nil }) else { return nil }
    self.rest = rest
    self.places = places
  }

  /// Gives decoded initializers the contents that were taken out, without copying them.
  func putBack(into initializers: inout [Onnx_TensorProto], from bytes: Data) {
    for (number, place) in places.enumerated() {
      guard let place, initializers.indices.contains(number) else { continue }
      initializers[number].rawData = bytes[place]
    }
  }

  // MARK: - Fields

  /// Copies the fields of a message but for those that `take` takes.
  ///
  /// `take` is asked about every field that has a length: it takes the field and gives true, leaves
  /// it with nil, or gives false where the file is not as expected. So does this function.
  private static func copy(
    _ bytes: Data, _ range: Range<Int>, to target: inout Data,
    taking take: (_ field: UInt64, _ content: Range<Int>, _ target: inout Data) -> Bool?
  ) -> Bool {
    var place = range.lowerBound
    var copied = place
    while place < range.upperBound {
      let start = place
      guard let tag = number(bytes, &place, range.upperBound) else { return false }
      switch tag & 7 {
      case 0:
        guard number(bytes, &place, range.upperBound) != nil else { return false }
      case 1: place += 8
      case 5: place += 4
      case 2:
        guard let length = number(bytes, &place, range.upperBound),
          length <= UInt64(range.upperBound - place)
        else { return false }
        let content = place..<place + Int(length)
        place = content.upperBound
        target.append(bytes[copied..<start])
        copied = start
        switch take(tag >> 3, content, &target) {
        case true?: copied = place
        case false?: return false
        case nil: break
        }
      default: return false
      }
      guard place <= range.upperBound else { return false }
    }
    target.append(bytes[copied..<place])
    return true
  }

  /// A number of up to ten bytes, seven bits in each, the lowest first.
  private static func number(_ bytes: Data, _ place: inout Int, _ end: Int) -> UInt64? {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard place < end else { return nil }
      let byte = bytes[place]
      place += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
    }
    return nil
  }

  private static func append(_ content: Data, field: UInt64, to target: inout Data) {
    for number in [field << 3 | 2, UInt64(content.count)] {
      var number = number
      while number >= 0x80 {
        target.append(UInt8(truncatingIfNeeded: number) | 0x80)
        number >>= 7
      }
      target.append(UInt8(number))
    }
    target.append(content)
  }
}
