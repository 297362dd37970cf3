import Semantics
import Tensors

/// A tensor of the model while it is imported: a value of the graph, or contents known already.
struct Operand {
  enum Source {
    case value(Value)
    /// Reals are doubles, so that what is computed from constants is exact for every format.
    case contents(Tensor)
    /// A real initializer, which becomes a parameter of the graph where it is first read.
    case initializer(String)
  }

  let source: Source
  let type: DataType
  let shape: Shape

  var rank: Int { shape.rank }
  var count: Int { shape.count }
  var kind: ElementKind { type.kind ?? .real }
  var isReal: Bool { kind == .real }

  var contents: Tensor? {
    if case .contents(let tensor) = source { tensor } else { nil }
  }
}

/// What a name of the model stands for.
enum Item {
  case tensor(Operand)
  case sequence([Operand], of: DataType)
  /// An optional without anything in it.
  case nothing
}

/// Importing needs to know what a value holds, to know the shape of something, and it depends on an
/// input that was not given.
struct ContentsNeeded: Error {
  let value: Value
}
