import Tensors
import Testing

@testable import Semantics

/// What axes stand for, as transposing and reshaping move them.
@Suite struct AxisRolesTests {
  @Test func headsAreUnitsHoweverTheyAreMoved() {
    // [samples, tokens, width] → [samples, tokens, heads, size] → heads ahead of the tokens.
    let tokens = AxisRoles.features(rank: 3, like: nil)
    let cut = tokens.reshaped(from: Shape([2, 5, 12]), to: Shape([2, 5, 3, 4]))
    #expect(cut.roles == [.sample, .position, .unit, .unit])
    let heads = cut.permuted([0, 2, 1, 3])
    #expect(heads.units(in: Shape([2, 3, 5, 4])) == 12)
    #expect(heads.positions(in: Shape([2, 3, 5, 4])) == 5)
    // And back to [samples, tokens, width].
    let back = heads.permuted([0, 2, 1, 3]).reshaped(
      from: Shape([2, 5, 3, 4]), to: Shape([2, 5, 12]))
    #expect(back == tokens)
  }

  @Test func tokensThatBecomeRowsAreToldApartAgain() {
    let tokens = AxisRoles.features(rank: 3, like: nil)
    let rows = tokens.reshaped(from: Shape([2, 5, 12]), to: Shape([10, 12]))
    #expect(rows.roles == [.sample, .unit] && rows.folded == 5)
    #expect(rows.positions(in: Shape([10, 12])) == 5)
    let wide = AxisRoles.features(rank: 2, like: rows)
    let again = wide.reshaped(from: Shape([10, 24]), to: Shape([2, 5, 24]))
    #expect(again.roles == [.sample, .position, .unit] && again.folded == 1)
  }

  @Test func channelsAreUnitsOfImagesAndSignals() {
    let signal = AxisRoles.channelsFirst(rank: 3)
    #expect(signal.units(in: Shape([4, 8, 100])) == 8)
    #expect(signal.positions(in: Shape([4, 8, 100])) == 100)
    let image = AxisRoles.channelsFirst(rank: 4)
    #expect(image == AxisRoles(Shape([4, 8, 6, 6])))
    // Flattened, all that is no sample are features.
    let flat = image.reshaped(from: Shape([4, 8, 6, 6]), to: Shape([4, 288]))
    #expect(flat.roles == [.sample, .unit])
  }

  @Test func nothingIsKnownOfShapesThatDoNotFit() {
    let roles = AxisRoles.features(rank: 2, like: nil)
    #expect(roles.reshaped(from: Shape([0, 3]), to: Shape([3, 0])) == AxisRoles(Shape([3, 0])))
  }
}
