public import Tensors

/// What the axes of a tensor stand for.
///
/// Parameters differ along units, and meet every position of a sample alike. Moments carry the
/// roles that the operators before gave; where none did, the rank tells them: `[units]`,
/// `[samples, units]`, `[samples, positions, units]`, and from rank 4 on
/// `[samples, units, positions, …]`.
public struct AxisRoles: Hashable, Sendable {
  public enum Role: Hashable, Sendable { case sample, position, unit }

  public var roles: [Role]
  /// How many positions of every sample lie along the axis of the samples, where both are one axis.
  public let folded: Int

  public init(_ roles: [Role], folded: Int = 1) {
    self.roles = roles
    self.folded = max(1, folded)
  }

  /// What the rank tells.
  public init(_ shape: Shape) {
    let unit = shape.rank >= 4 ? 1 : shape.rank - 1
    self.init(
      (0..<shape.rank).map { $0 == unit ? .unit : $0 == 0 ? .sample : .position })
  }

  /// Of a result whose last axis a matrix of weights made, the others being those of `before`.
  public static func features(rank: Int, like before: AxisRoles?) -> AxisRoles {
    let known = before.flatMap { $0.roles.count == rank ? $0 : nil }
    return AxisRoles(
      (0..<rank).map { axis in
        if axis == rank - 1 { return .unit }
        let own = known?.roles[axis] ?? (axis == 0 ? .sample : .position)
        return own == .unit ? .position : own
      }, folded: known?.folded ?? 1)
  }

  /// Of images `[samples, channels, …]`.
  public static func channelsFirst(rank: Int) -> AxisRoles {
    AxisRoles((0..<rank).map { $0 == 0 ? .sample : $0 == 1 ? .unit : .position })
  }

  public func axes(_ role: Role) -> [Int] { roles.indices.filter { roles[$0] == role } }

  /// Elements along which parameters differ.
  public func units(in shape: Shape) -> Int {
    axes(.unit).reduce(1) { $0 * shape[$1] }
  }

  /// Places of one sample that meet the same parameters.
  public func positions(in shape: Shape) -> Int {
    axes(.position).reduce(folded) { $0 * shape[$1] }
  }

  /// The roles after the axes are put in another order: axis k of the result is axis `order[k]`.
  public func permuted(_ order: [Int]) -> AxisRoles {
    AxisRoles(order.map { roles[$0] }, folded: folded)
  }

  /// The roles after the elements are put under another shape, in the same order.
  ///
  /// Axes of both shapes are matched in the smallest runs of equal products. A run of one role keeps
  /// it; samples and positions that become one axis are samples with positions folded in, and are
  /// told apart again where the axis is cut at the same place; all else becomes units.
  public func reshaped(from old: Shape, to new: Shape) -> AxisRoles {
    guard old.count > 0, new.count > 0, old.rank == roles.count else { return AxisRoles(new) }
    var result: [Role] = []
    var folded = folded
    var (i, j) = (0, 0)
    while i < old.rank || j < new.rank {
      let (start, first) = (i, j)
      var (a, b) = (1, 1)
      if i < old.rank { (a, i) = (old[i], i + 1) }
      if j < new.rank { (b, j) = (new[j], j + 1) }
      while a != b {
        if a < b, i < old.rank {
          (a, i) = (a * old[i], i + 1)
        } else if j < new.rank {
          (b, j) = (b * new[j], j + 1)
        } else {
          return AxisRoles(new)
        }
      }
      let run = (start..<i).filter { old[$0] > 1 }
      let present = Set(run.map { roles[$0] })
      let places = run.filter { roles[$0] == .position }.reduce(1) { $0 * old[$1] }
      if present == [.sample], folded > 1, j - first > 1,
        (first + 1..<j).reduce(1, { $0 * new[$1] }) == folded
      {
        result += (first..<j).map { $0 == first ? .sample : .position }
        folded = 1
      } else if present.count <= 1 {
        // An axis of one element is none that anything differs along.
        let role = present.first ?? (start < i ? roles[start] : .unit)
        // What is repeated along a new axis, as heads that share a key are, is repeated along units.
        let isOnlyOnes = (first..<j).allSatisfy { new[$0] == 1 }
        result += (first..<j).map { isOnlyOnes || new[$0] > 1 ? role : .unit }
      } else if present == [.sample, .position], run.first.map({ roles[$0] }) == .sample,
        j - first == 1
      {
        result.append(.sample)
        folded *= places
      } else {
        result += Array(repeating: present.contains(.sample) ? .sample : .unit, count: j - first)
      }
    }
    return AxisRoles(result, folded: folded)
  }
}

extension Moments {
  /// The roles of the axes of a tensor of `shape` with these moments.
  public func roles(in shape: Shape) -> AxisRoles {
    axes.flatMap { $0.roles.count == shape.rank ? $0 : nil } ?? AxisRoles(shape)
  }
}

extension Moments {
  /// Elements that are repeated along axes of extent 1, as broadcasting does: they are one element
  /// at all positions, or in all samples.
  public func repeated(_ shape: Shape, over whole: Shape) -> Moments {
    guard !isShared, basis != .unknown, shape != whole, shape.rank == whole.rank else {
      return self
    }
    let roles = roles(in: shape).roles
    var result = self
    for axis in 0..<whole.rank where shape[axis] == 1 && whole[axis] > 1 {
      switch roles[axis] {
      case .sample: result.sampleCorrelation = 1
      case .position: result.positionCorrelation = 1
      case .unit: if law == .gaussian { result.law = .other }
      }
    }
    return result
  }

  /// Takes the roles of an operand over as many axes where the rule of an operator named none.
  public mutating func keepRoles(of operands: [Moments], in shape: Shape) {
    guard basis != .unknown, axes?.roles.count != shape.rank else { return }
    axes = operands.lazy.filter { !$0.isShared }.compactMap(\.axes)
      .first { $0.roles.count == shape.rank }
  }
}

extension [Moments] {
  /// Units and positions of a result of `type`, of the first operand that knows them.
  public func layout(in type: TensorType) -> (units: Int, positions: Int) {
    let known = compactMap { $0.isShared ? nil : $0.axes }
      .first { $0.roles.count == type.shape.rank }
    let roles = known ?? AxisRoles(type.shape)
    return (roles.units(in: type.shape), roles.positions(in: type.shape))
  }
}
