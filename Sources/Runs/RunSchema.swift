import Foundation
import GRDB

/// The tables of a run's file, by version.
enum RunSchema {
  /// `EKRN`, which tells a run from other SQLite files.
  static let applicationID: Int32 = 0x454B_524E

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(sql: "PRAGMA application_id = \(applicationID)")
      try database.create(table: "meta") { table in
        table.primaryKey("key", .text)
        table.column("value", .text).notNull()
      }
      // The layers and parameters that records speak of, by the number that they have in them.
      try database.create(table: "names") { table in
        table.column("kind", .text).notNull()
        table.column("number", .integer).notNull()
        table.column("name", .text).notNull()
        table.primaryKey(["kind", "number"])
      }
      // NULL stands for numbers that are not finite as well; the blob has all of them.
      try database.create(table: "steps") { table in
        table.primaryKey("step", .integer)
        table.column("loss", .double)
        table.column("learning_rate", .double)
        table.column("gradient_norm", .double)
        table.column("clip_coefficient", .double)
        table.column("clip_dominant", .text)
        table.column("loss_scale", .double)
        table.column("refused_place", .text)
        table.column("refused_tensor", .text)
        table.column("seconds", .double)
        table.column("health", .blob).notNull()
      }
      try database.create(table: "evaluations") { table in
        table.primaryKey("step", .integer)
        table.column("loss", .double)
        table.column("accuracy", .double)
      }
      // Findings as they are judged after the step `judged`; later rows take the place of earlier.
      try database.create(table: "findings") { table in
        table.column("rule", .text).notNull()
        table.column("severity", .text).notNull()
        table.column("layer", .text)
        table.column("message", .text).notNull()
        table.column("because", .text).notNull()
        table.column("since", .integer).notNull()
        table.column("told", .integer).notNull()
        table.column("ended", .integer)
        table.column("evidence", .text).notNull()
      }
      try database.create(table: "snapshots") { table in
        table.primaryKey("step", .integer)
        // A safetensors file.
        table.column("tensors", .blob).notNull()
        // A JSON object of texts.
        table.column("numbers", .text).notNull()
      }
    }
    return migrator
  }

  static let versions = ["1"]
}
