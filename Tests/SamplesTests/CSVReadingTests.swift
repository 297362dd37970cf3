import Foundation
import Numbers
import TensorFiles
import Tensors
import Testing

@testable import Samples

@Suite struct CSVReadingTests {
  struct Table: Decodable {
    let features: [[Double]]
    let labels: [String]
    let lines: [Int]
  }

  static let tables: [String: Table] = {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: Files.path("tables.json"))) else {
      return [:]
    }
    return (try? JSONDecoder().decode([String: Table].self, from: data)) ?? [:]
  }()

  /// Quotes, all three line ends, a byte order mark and other separators, as Python reads them.
  @Test(arguments: ["minimal", "crlf", "returns", "quoted", "semicolon", "tab"])
  func tablesAreReadAsPythonReadsThem(name: String) throws {
    let expected = try #require(Self.tables[name])
    let path = Files.path("\(name).csv")
    let delimiter: Unicode.Scalar = name == "semicolon" ? ";" : name == "tab" ? "\t" : ","
    let table = try Dataset(csv: path, CSVFormat(delimiter: delimiter))
    #expect(table.features.shape == [60, 4] && table.featureNames == ["a", "b", "c", "d"])
    #expect(table.numbers == expected.features.joined().map { Float($0) })
    #expect(table.labels.map { table.classNames[Int($0)] } == expected.labels)
    let names = Set(expected.labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(table.classNames == names)
    let places = (0..<60).map { table.place(ofSample: $0) }
    #expect(places == expected.lines.map { "\(path) line \($0)" })
  }

  @Test func aTableWithoutHeaderIsRecognised() throws {
    try Files.with("5.1,3.5,setosa\n4.9,3.0,virginica\n\n6,7,setosa") { path in
      let table = try Dataset(csv: path)
      #expect(table.numbers == [5.1, 3.5, 4.9, 3, 6, 7] && table.featureNames.isEmpty)
      #expect(table.labels == [0, 1, 0] && table.classNames == ["setosa", "virginica"])
      #expect(table.place(ofSample: 2) == "\(path) line 4")
      // Told that the first row is a header, it is one.
      let rest = try Dataset(csv: path, CSVFormat(header: .present))
      #expect(rest.count == 2 && rest.featureNames == ["5.1", "3.5"])
    }
  }

  @Test func targetsAndFeaturesAreChosenByNameAndNumber() throws {
    try Files.with("id,label,x,y,z\n7,1,0.5,2,-1\n8,0,1.5,3,-2\n") { path in
      let byName = try Dataset(csv: path, CSVFormat(target: .classes("label"), ignored: ["id"]))
      #expect(byName.featureNames == ["x", "y", "z"] && byName.labels == [1, 0])
      #expect(byName.numbers == [0.5, 2, -1, 1.5, 3, -2])
      let byNumber = try Dataset(csv: path, CSVFormat(target: .classes(2), ignored: [1]))
      #expect(byNumber.numbers == byName.numbers && byNumber.labels == byName.labels)
      let reals = try Dataset(csv: path, CSVFormat(target: .reals(["z", "x"]), ignored: [1, 2]))
      #expect(reals.featureNames == ["y"] && reals.numbers == [2, 3])
      #expect(reals.targets.tensor.shape == [2, 2] && reals.reals == [-1, 0.5, -2, 1.5])
    }
  }

  @Test func classesAreNumberedAsAsked() throws {
    try Files.with("1,b\n2,a\n3,b\n") { path in
      #expect(try Dataset(csv: path).labels == [1, 0, 1])
      let given = try Dataset(csv: path, CSVFormat(classes: ["c", "b", "a"]))
      #expect(given.labels == [1, 2, 1] && given.classNames == ["c", "b", "a"])
    }
    try Files.with("1,2\n2,0\n3,2.0\n") { path in
      let integers = try Dataset(csv: path)
      #expect(integers.labels == [2, 0, 2] && integers.classNames == ["0", "1", "2"])
      #expect(try Dataset(csv: path, CSVFormat(classCount: 10)).classNames.count == 10)
    }
  }

  @Test func nonFiniteNumbersAreKeptOnRequest() throws {
    try Files.with("a,b,label\n1,NaN,0\n-inf,2,1\n+Infinity,3,1\n") { path in
      let table = try Dataset(csv: path, CSVFormat(allowsNonFinite: true))
      #expect(table.numbers.map { "\($0)" } == ["1.0", "nan", "-inf", "2.0", "inf", "3.0"])
    }
  }

  static let refusals: [(table: String, format: CSVFormat, message: String)] = [
    (
      "a,b,label\n1,2,0\n3,4,5\n", CSVFormat(classCount: 5),
      "FILE:3: column 'label', the label, is '5'; labels go from 0 to 4, as there are 5 classes; "
        + "if "
        + "they start at 1, write 'first_label: 1'"
    ),
    (
      "a,b,label\n1,2,cat\n3,4,dgo\n", CSVFormat(classes: ["cat", "dog"]),
      "FILE:3: column 'label', the label, is 'dgo'; the classes are 'cat', 'dog'"
    ),
    (
      "a,b\n1,2\n", CSVFormat(target: .classes("label")),
      "FILE:1: there is no column 'label'; the columns are 'a', 'b'"
    ),
    (
      "1,2\n", CSVFormat(target: .classes("label")),
      "FILE:1: there is no column 'label'; the table has no header: give the column's number"
    ),
    (
      "a,b\n1,2\n", CSVFormat(target: .classes(3)),
      "FILE:1: there is no column 3: the row has 2; "
        + "columns are numbered from 1, and from -1 for the last"
    ),
    (
      "a,b\n1,2\n", CSVFormat(target: .reals(["b", 2])),
      "FILE:1: the targets are 2 columns, of which some are the same; name each column once"
    ),
    (
      "a,b\n1,2\n", CSVFormat(target: .reals([])),
      "FILE:1: no column is named for the targets; name one"
    ),
    (
      "a,b\n1,2\n", CSVFormat(target: .reals(["a", "b"])),
      "FILE:1: no column is left for the features: the row has 2; name fewer targets"
    ),
    (
      "a,b\n1,x\n", CSVFormat(target: .reals(["b"])),
      "FILE:2: column 'b' is 'x', which is not a number; correct it, or leave out the column"
    ),
    (
      "a,b\n1,\n", CSVFormat(target: .reals(["b"]), allowsNonFinite: true),
      "FILE:2: column 'b' is empty; fill it in, or leave out the row or the column"
    ),
    (
      "a,b\n1,2\n", CSVFormat(delimiter: "\""),
      "FILE: cells cannot be separated by '\"'; choose a comma, a semicolon or a tab"
    ),
    (
      "a,b\n1,2\n", CSVFormat(delimiter: "、"),
      "FILE: cells cannot be separated by '、'; choose a comma, a semicolon or a tab"
    ),
  ]

  @Test(arguments: refusals.indices) func badTablesAreRefused(number: Int) throws {
    let (table, format, expected) = Self.refusals[number]
    #expect(try tableMessage(table, format) == expected)
  }

  /// Every form of number that the fast path and the library read.
  @Test func decimalNumbersAreThoseOfTheLibrary() {
    func value(_ text: String) -> Double? {
      let bytes = Array(text.utf8)
      guard case .number(let value) = DecimalNumber(bytes, in: bytes.indices) else { return nil }
      return value
    }
    let stream = RandomStream(seed: 4, name: "decimals")
    var texts = [
      "0", "-0", "+0.0", ".5", "5.", "-.5e-3", "1E5", "1e+05", "007", "0.000000000000000000000001",
      "9007199254740993", "9007199254740992.0000001", "123456789012345678901234567890", "1e22",
      "1e23", "8.5e-22", "1e-400", "4.9e-324", "1.7976931348623157e308", "1e400",
      "0e99999999999999999999", "00000000000000000000000000000000000000001.5",
    ]
    for i in 0..<20_000 {
      let bits = Double(bitPattern: stream.bits(at: i))
      let plain = stream.normal(at: i)
      let short = (plain * 1e6).rounded() / 1e6
      let long = "\(stream.bits(at: 2 * i)).\(stream.bits(at: 2 * i + 1))e\(i % 60 - 30)"
      texts +=
        ["\(plain)", "\(short)", "\(Float(plain))", long] + (bits.isFinite ? ["\(bits)"] : [])
    }
    let wrong = texts.filter { value($0)?.bitPattern != Double($0)?.bitPattern }
    #expect(wrong.isEmpty)
    for text in [
      ".", "-", "+", "e5", "1e", "1e+", "1.2.3", "1 2", "0x10", "1_000", "--1", "1d5", "١", "1f",
      "nanx", "infinit", "", "1e5.5",
    ] {
      #expect(value(text) == nil, "\(text)")
    }
  }
}
