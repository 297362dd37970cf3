import Samples
import TensorFiles
import Tensors
import Testing

@Suite struct ArrayReadingTests {
  private static let x = Files.path("x.npy")

  @Test func npyFilesAreRead() throws {
    let set = try Dataset(npy: Self.x, targets: Files.path("y.npy"))
    #expect(set.features.shape == [4, 3] && set.numbers == (0..<12).map { Float($0) })
    #expect(set.labels == [0, 2, 1, 2] && set.classNames == ["0", "1", "2"])
    #expect(set.place(ofSample: 3) == "\(Self.x)[3]")
    let column = try Dataset(npy: Self.x, targets: Files.path("y-column.npy"))
    #expect(column.targets.tensor.shape == [4] && column.labels == set.labels)
    let given = try Dataset(
      npy: Self.x, targets: Files.path("y.npy"), ArrayFormat(target: .classes(count: 10)))
    #expect(given.classNames.count == 10)
    let reals = try Dataset(
      npy: Self.x, targets: Files.path("y-real.npy"), ArrayFormat(target: .reals))
    #expect(reals.targets.tensor.shape == [4, 1] && reals.reals == [0.5, 2, -1, 2])
  }

  @Test func bytesAreScaledAndTokensStayIntegers() throws {
    let pixels = Files.path("pixels.npy")
    let y = Files.path("y.npy")
    let shares: [Float] = [0, 255, 51, 102, 1, 2, 3, 4].map { $0 / 255 }
    #expect(try Dataset(npy: pixels, targets: y).numbers == shares)
    #expect(
      try Dataset(npy: pixels, targets: y, ArrayFormat(divisor: 1)).numbers
        == [0, 255, 51, 102, 1, 2, 3, 4])
    let tokens = try Dataset(
      npy: Files.path("tokens.npy"), targets: y, ArrayFormat(areTokens: true))
    #expect(tokens.features.array(of: Int64.self) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
  }

  @Test func imagesAndLabelsOfMNISTAreRead() throws {
    let path = Files.path("images.idx")
    let set = try Dataset(idx: path, targets: Files.path("labels.idx"))
    #expect(set.features.shape == [5, 3, 2] && set.labels == [3, 0, 1, 2, 3])
    #expect(set.numbers == (0..<30).map { Float(8 * $0) / 255 })
    #expect(set.place(ofSample: 4) == "\(path)[4]")
  }

  @Test(arguments: ["u1", "i1", "i2", "i4", "f4", "f8"]) func idxElementsAreRead(code: String)
    throws
  {
    let file = try IDXFile(Files.path("\(code).idx"))
    let isUnsigned = code == "u1"
    let expected: [Double] = [1, isUnsigned ? 254 : -2, 3, 100, 5, isUnsigned ? 250 : -6]
    #expect(try file.tensor().doubles == expected && file.shape == [2, 3])
    #expect(try file.tensor(as: .float32).doubles == expected)
  }

  @Test func tensorsOfASafetensorsFileAreRead() throws {
    try Files.with("") { path in
      try SafetensorsFile.write(
        [
          .init("x", Tensor([Float(1), 2, 3, 4], shape: [2, 2]), as: .bfloat16),
          .init("y", Tensor([Int64(1), 0], shape: [2]), as: .uint8),
        ], to: path)
      let set = try Dataset(safetensors: path, features: "x", targets: "y")
      #expect(set.numbers == [1, 2, 3, 4] && set.labels == [1, 0])
      #expect(
        message(path) { _ = try Dataset(safetensors: path, features: "x", targets: "z") }
          == "FILE: there is no tensor 'z'; the file holds 'x', 'y'")
    }
  }

  @Test func badArraysAreRefusedByRow() {
    func refusal(_ x: String, _ y: String, _ format: ArrayFormat = ArrayFormat()) -> String? {
      message(Files.path("")) {
        _ = try Dataset(npy: Files.path(x), targets: Files.path(y), format)
      }
    }
    #expect(
      refusal("x-nan.npy", "y.npy")
        == "FILE/x-nan.npy: in row 1, feature 1 is nan (and so are numbers of 1 more row); correct "
        + "the data, or allow non-finite numbers so that a diagnosis can show what they do")
    #expect(refusal("x-nan.npy", "y.npy", ArrayFormat(allowsNonFinite: true)) == nil)
    #expect(
      refusal("x.npy", "y-negative.npy")
        == "FILE/y-negative.npy: in row 2, the label is -1; labels go from 0 to 2, as there are 3 "
        + "classes")
    #expect(
      refusal("x.npy", "y.npy", ArrayFormat(target: .classes(count: 2)))
        == "FILE/y.npy: in row 1, the label is 2; labels go from 0 to 1, as there are 2 classes")
    #expect(
      refusal("x.npy", "y-short.npy")?.hasPrefix(
        "FILE/y-short.npy: the targets have the shape [3], and the features in") == true)
    #expect(
      refusal("x.npy", "y-real.npy")
        == "FILE/y-real.npy: the array holds double-precision numbers, and integers are needed; "
        + "save it as int64")
  }
}
