import Experiments
import Findings
public import Samples
import Tensors

/// Single cells of features and targets that stand far out of their column, by row and name.
struct CellInspection: Inspection {
  /// The factor over the usual numbers of all columns from which an outlier does harm.
  private static let harmful = 100.0

  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    let data = subject.samples.training
    var cells = Self.cells(of: data, subject.columns)
    // The farthest out first.
    cells.sort { abs($0.value / max($0.usual, 1e-300)) > abs($1.value / max($1.usual, 1e-300)) }
    guard let first = cells.first else { return [] }
    let rows = Set(cells.map(\.sample)).sorted().map { data.rowNumber(ofSample: $0) }
    let others = cells.count == 1 ? "" : ", and \(cells.count - 1) more cells are like it"
    return [
      PreflightSuspect(
        .badInput, .data, isCertain: true, weight: 0.98,
        "\(data.place(ofSample: first.sample)): \(first.name) is \(Numerals.short(first.value))"
          + "\(others); the other samples have a root mean square of "
          + "\(Numerals.short(first.usual)).",
        because: "One step with this sample moves weights by as much as all others together, or is "
          + "refused.",
        evidence: [
          Evidence("row", Double(data.rowNumber(ofSample: first.sample))),
          Evidence("value", first.value), Evidence("usual", first.usual),
          Evidence("cells", Double(cells.count)),
        ],
        remedies: [
          RemedyProposal(
            "leave_out_rows",
            change: "correct the cell, or leave out the row (data: leave_out: "
              + "[\(rows.prefix(8).map(String.init).joined(separator: ", "))])", predicted: nil)
        ])
    ]
  }

  /// A number that stands far out of its column.
  private struct Cell {
    let sample: Int
    let name: String
    let value: Double
    let usual: Double
  }

  private static func cells(of data: Dataset, _ columns: [ColumnStatistics]) -> [Cell] {
    var cells: [Cell] = []
    let usual = max(1, median(columns.map(\.usualScale).filter { $0 > 0 }))
    // A sample has several numbers of a column where it is a sequence or an image.
    let rows = columns.isEmpty ? 1 : max(1, data.featureWidth / columns.count)
    for (place, column) in columns.enumerated() {
      cells += column.outliers.filter { abs($0.value) > harmful * usual }.map { outlier in
        let name =
          columns.count == 1 && rows > 1
          ? "feature \(outlier.sample % rows)"
          : data.columnName(place) + (rows > 1 ? " at place \(outlier.sample % rows)" : "")
        return Cell(
          sample: outlier.sample / rows, name: name, value: outlier.value,
          usual: column.usualScale)
      }
    }
    guard case .reals(let targets) = data.targets else { return cells }
    let targetColumns = ColumnStatistics.columns(of: targets, samples: data.count)
    for (place, column) in targetColumns.enumerated() {
      cells += column.outliers.map {
        Cell(
          sample: $0.sample,
          name: targetColumns.count == 1 ? "the target" : "target \(place)", value: $0.value,
          usual: column.usualScale)
      }
    }
    return cells
  }

  /// The rows of the samples with such a cell, in order.
  static func rows(of data: Dataset) -> [Int] {
    Set(cells(of: data, PreflightSubject.columns(of: data)).map(\.sample)).sorted()
      .map { data.rowNumber(ofSample: $0) }
  }

  /// The lower one of two in the middle, so that of two columns the larger one is unlike.
  static func median(_ numbers: [Double]) -> Double {
    numbers.isEmpty ? 0 : numbers.sorted()[(numbers.count - 1) / 2]
  }
}

extension Preflight {
  /// Lines of a table, or places in an array, of samples with a number that stands far out of its
  /// column.
  public static func outlyingRows(of data: Dataset) -> [Int] { CellInspection.rows(of: data) }
}

extension Dataset {
  /// Numbers of a sample.
  var featureWidth: Int { features.count / max(1, count) }

  /// What a feature is called: the name of its column in quotes, or its number.
  func columnName(_ place: Int) -> String {
    featureNames.indices.contains(place) ? "'\(featureNames[place])'" : "feature \(place)"
  }
}
