import Foundation
import GRDB

extension RunError {
  /// What SQLite says of a file.
  init(_ path: String, _ error: any Error) {
    if let error = error as? RunError {
      self = error
      return
    }
    let (problem, cure): (String, String) =
      switch (error as? DatabaseError)?.resultCode {
      case .SQLITE_FULL?: ("the disk is full", "make room, or save the run elsewhere")
      case .SQLITE_READONLY?: ("the file may not be written", "check the permissions")
      case .SQLITE_CANTOPEN?:
        ("the file cannot be opened or created", "check the path and its permissions")
      case .SQLITE_NOTADB?: ("this is no run of evenkeel", "name a file that 'train' wrote")
      case .SQLITE_CORRUPT?: ("the file is damaged", "use another copy of it")
      case .SQLITE_IOERR?: ("the disk does not take the run", "make room, or check the disk")
      case .SQLITE_BUSY?, .SQLITE_LOCKED?:
        ("another process uses the run", "wait for it, and try again")
      default: ("\((error as? DatabaseError)?.message ?? "\(error)")", "check the file")
      }
    self.init(path, problem, cure: cure)
  }

  /// Why a file could not be created.
  init(creating path: String, _ number: Int32) {
    let (problem, cure) =
      switch number {
      case ENOENT, ENOTDIR: ("there is no such directory to write to", "make it first")
      case EACCES, EPERM, EROFS: ("the file may not be written", "check the permissions")
      case ENOSPC, EDQUOT: ("the disk is full", "make room")
      case EISDIR: ("this is a directory", "name a file in it")
      default: ("the file cannot be written", "check the path and the disk")
      }
    self.init(path, problem, cure: cure)
  }

  /// What was read breaks the rules of the file.
  static func damaged(_ path: String, _ part: String) -> RunError {
    RunError(path, "\(part) is damaged", cure: "use another copy of it")
  }
}
