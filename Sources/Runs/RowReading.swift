import GRDB

extension Row {
  /// The value of a column, nil where it is NULL or of another type: a file may hold anything in any
  /// column, and the subscripts of `Row` end the process over it.
  func value<V: DatabaseValueConvertible>(_ column: Int, as type: V.Type = V.self) -> V? {
    V.fromDatabaseValue(self[column] as DatabaseValue)
  }
}
