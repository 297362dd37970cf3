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
    // What is said against a finding, a JSON array.
    migrator.registerMigration("2") { database in
      try database.alter(table: "findings") { table in
        table.add(column: "remedies", .text).notNull().defaults(to: "[]")
      }
    }
    return migrator
  }

  /// What all connections have in common.
  static var configuration: Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { database in
      // The file may come from anybody.
      try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    }
    return configuration
  }

  /// The path from the root: SQLite gives names such as `:memory:` and `file:a` meanings of their own.
  static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }

  /// Checks that the file is a run that this version reads.
  ///
  /// - Returns: the versions of the schema that were applied.
  static func check(_ database: Database, _ path: String) throws -> Set<String> {
    guard try Int32.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
      throw RunError(path, "this is no run of evenkeel", cure: "name a file that 'train' wrote")
    }
    // Views, triggers and computed columns run what the file's author wrote; no version has any.
    let foreign = try Int.fetchOne(
      database,
      sql: """
        SELECT (SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')
            OR sql LIKE 'CREATE VIRTUAL%')
          + (SELECT count(*) FROM sqlite_master AS s, pragma_table_xinfo(s.name)
            WHERE s.type = 'table' AND hidden <> 0)
        """)
    guard foreign == 0, try database.tableExists("grdb_migrations") else {
      throw RunError.damaged(path, "the file")
    }
    let applied = try String.fetchSet(database, sql: "SELECT identifier FROM grdb_migrations")
    guard applied.isSubset(of: migrator.migrations) else {
      throw RunError(path, "a later version of evenkeel wrote this run", cure: "use that version")
    }
    guard applied.contains("1") else { throw RunError.damaged(path, "the file") }
    return applied
  }
}
