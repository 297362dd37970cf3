import Foundation
import Numbers
import Samples
import TensorFiles
import Testing

/// Files that must be refused at once, with one line that says why.
@Suite(.timeLimit(.minutes(1))) struct HostileFileTests {
  static let idxCure = "the file is damaged or no IDX file; fetch it anew"
  static let numberCure = "correct it, or leave out the column"
  static let finiteCure =
    "correct the data, or allow non-finite numbers so that a diagnosis can show what they do"

  static let messages: [String: String] = [
    "beyond-single.csv":
      ":3: column 'a' is '-1e39', and single precision ends at 3.4e38; scale the column",
    "blank-lines-only.csv": ": the table has no rows; put a row for each sample in it",
    "byte-behind.idx": ": the shape [5, 3, 2] takes 30 bytes, and 31 are there; " + idxCure,
    "combining-mark.csv": ":2: column 'b' is '\u{301}', which is not a number; " + numberCure,
    "compressed.csv": ": the file is compressed; unpack it with gunzip",
    "compressed.idx": ": the file is compressed; unpack it with gunzip",
    "cut-in-data.idx": ": the shape [5, 3, 2] takes 30 bytes, and 29 are there; " + idxCure,
    "cut-in-header.idx": ": the file ends in its header; " + idxCure,
    "decimal-comma.csv":
      ":3: column 'b' is '4,5', which is not a number; write numbers with a point",
    "empty-cell.csv": ":3: column 'b' is empty; fill it in, or leave out the row or the column",
    "empty-last-cell-without-end.csv":
      ":3: column 'label', the label, is empty; fill it in, or leave out the row",
    "empty-last-cell.csv":
      ":3: column 'label', the label, is empty; fill it in, or leave out the row",
    "empty.csv": ": the file is empty; put a row for each sample in it",
    "empty.idx": ": the file is empty; " + idxCure,
    "header-only.csv": ": the table has no rows; put a row for each sample in it",
    "hexadecimal.csv": ":2: column 'a' is '0x10', which is not a number; " + numberCure,
    "huge-label.csv":
      ":3: the label is 4000000000; class numbers go from 0 to 65,535; read the targets as "
      + "numbers if they are no classes",
    "infinity.csv": ":2: column 'b' is -inf; " + finiteCure,
    "long-number.csv":
      ":1: column 2 is '9999999999999999999999999999999999999999…', and single precision "
      + "ends at 3.4e38 (and 1 more row is bad: line 2); scale the column",
    "many-bad-rows.csv":
      ":3: column 'a' is 'x', which is not a number (and 8 more rows are bad: lines 5, 7, "
      + "9, 11, 13, …); " + numberCure,
    "many-quotes.csv": ":1: the quote that begins cell 1 does not end; close it",
    "nan.csv": ":3: column 'b' is nan; " + finiteCure,
    "negative-label.csv":
      ":3: the label is -1; class numbers go from 0 to 65,535; read the targets as numbers "
      + "if they are no classes",
    "no-idx.idx":
      ": the file does not begin with two zero bytes and a type, as IDX files do; " + idxCure,
    "not-utf8-header.csv": ":1: a cell is not UTF-8 text; save the file as UTF-8",
    "not-utf8.csv": ":2: a cell is not UTF-8 text; save the file as UTF-8",
    "one-column.csv":
      ":1: no column is left for the features: the row has 1; name the character that "
      + "separates the cells",
    "one-long-line.csv": ":2: the row has 2 cells, and the first has 20001; correct the row",
    "quote-inside.csv":
      ":2: a quote stands inside cell 3, which does not begin with one; put the whole cell "
      + "in quotes and double the quote in it",
    "same-names.csv": ":1: two columns are called 'a'; give each a name of its own",
    "shape-overflows-behind-zero.idx":
      ": the shape [0, 4294967295, 4294967295, 4294967295] has more elements than can be "
      + "counted; " + idxCure,
    "shape-overflows.idx":
      ": the shape [4294967295, 4294967295, 4294967295, 4294967295] has more elements than "
      + "can be counted; " + idxCure,
    "text-behind-quote.csv":
      ":2: text follows the quote that ends cell 3; double the quotes inside a cell in "
      + "quotes",
    "text-cell.csv": ":3: column 'b' is 'abc', which is not a number; " + numberCure,
    "too-few-cells.csv": ":3: the row has 2 cells, and the first has 3; correct the row",
    "too-many-axes.idx": ": the shape has 255 axes, and at most 64 are read; " + idxCure,
    "too-many-cells.csv": ":3: the row has 4 cells, and the first has 3; correct the row",
    "two-bad-rows.csv":
      ":3: column 'a' is 'x', which is not a number (and 1 more row is bad: line 4); "
      + numberCure,
    "unknown-type.idx":
      ": the file does not begin with two zero bytes and a type, as IDX files do; " + idxCure,
    "unmatched-quote-at-end.csv": ":2: the quote that begins cell 3 does not end; close it",
    "unmatched-quote.csv": ":3: the quote that begins cell 3 does not end; close it",
    "utf-16.csv": ": the file is UTF-16 text; save it as UTF-8",
    "zeros.csv":
      ":1: no column is left for the features: the row has 1; name the character that "
      + "separates the cells",
  ]

  private static func refusal(_ name: String) -> String? {
    let path = Files.path("hostile/" + name)
    return message(path) {
      if name.hasSuffix(".idx") {
        _ = try IDXFile(path).tensor()
      } else {
        _ = try Dataset(
          csv: path, CSVFormat(delimiter: name.hasPrefix("decimal-comma") ? ";" : ","))
      }
    }
  }

  @Test func everyFileOfTheFolderHasItsMessage() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Files.path("hostile"))
    #expect(names.sorted() == Self.messages.keys.sorted())
  }

  @Test(arguments: messages.keys.sorted()) func aHostileFileIsRefusedAtOnce(name: String) {
    let start = processorSeconds()
    #expect(Self.refusal(name) == Self.messages[name].map { "FILE" + $0 })
    #expect(processorSeconds() - start < 1)
  }

  /// Tables and arrays with some bytes changed or cut off: read or refused, never a crash.
  @Test(arguments: ["minimal.csv", "quoted.csv", "i2.idx"])
  func damagedFilesAreReadOrRefused(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Files.path(name))))
    let stream = RandomStream(seed: 5, name: name)
    var refused = 0
    for round in 0..<300 {
      let numbers = stream.substream(UInt32(round))
      var damaged = bytes
      for change in 0..<1 + round % 3 {
        let place = numbers.integer(at: 2 * change, below: min(bytes.count, 1000))
        damaged[place] =
          round % 2 == 0
          ? UInt8(numbers.integer(at: 2 * change + 1, below: 256))
          : Array("\",\r\n e-.".utf8)[numbers.integer(at: 2 * change + 1, below: 8)]
      }
      if round % 5 == 0 { damaged.removeLast(numbers.integer(at: 99, below: bytes.count)) }
      let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: url) }
      try Data(damaged).write(to: url)
      do {
        if name.hasSuffix(".idx") {
          _ = try IDXFile(url.path).tensor()
        } else {
          _ = try Dataset(csv: url.path)
        }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 60 && refused < 300)
  }
}
