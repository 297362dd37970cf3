import Numbers
import Tensors

/// Plain gradient descent over all parameters in one pass, which can also watch it.
///
/// Parameters are cut into pieces that stay in the first cache while the update is made, summarised
/// and added, and the new weights are summarised. Where pieces begin depends on extents alone.
final class GradientDescent {
  private let pieces: [Piece]
  /// Pieces of each part.
  private let cuts: [Range<Int>]
  /// Runs of pieces whose summaries go to those of a parameter in the end; the first runs are the
  /// parameters themselves.
  private let merges: [(run: Int, parameter: Int)]
  private let weights: SummarySlots?
  private let updates: SummarySlots?
  /// The update of a piece of each part.
  private let rooms: Tensor

  private static let pieceCount = 2048
  private static let mostParts = 16

  private struct Piece {
    let weight: Elements<Float>
    /// Where the network reads the weights, rounded; nil where it reads them as they are.
    let copy: Elements<Float>?
    let gradient: Elements<Float>
    /// The slot that the pieces of one parameter in one part share.
    var run = 0
  }

  /// - Parameters:
  ///   - parameters: weights and gradients.
  ///   - copies: where the network reads each parameter, if that is not the weight.
  ///   - isWatched: whether weights and updates are summarised.
  init(_ parameters: [TrainingStep.Parameter], copies: [Tensor?], isWatched: Bool) {
    var pieces: [(piece: Piece, parameter: Int)] = []
    for (number, parameter) in parameters.enumerated() {
      let weight = parameter.weight.elements(as: Float.self)
      let gradient = parameter.gradient.elements(as: Float.self)
      for start in stride(from: 0, to: weight.count, by: Self.pieceCount) {
        let range = start..<min(weight.count, start + Self.pieceCount)
        let copy = copies[number]?.elements(as: Float.self)[range]
        pieces.append(
          (Piece(weight: weight[range], copy: copy, gradient: gradient[range]), number))
      }
    }
    let parts = min(Self.mostParts, pieces.count)
    cuts = (0..<parts).map { pieces.count * $0 / parts..<pieces.count * ($0 + 1) / parts }
    var merges: [(run: Int, parameter: Int)] = []
    var hasRun = Set<Int>()
    var run = parameters.count
    for cut in cuts {
      for (previous, index) in zip([nil] + cut.map(Optional.some), cut) {
        let parameter = pieces[index].parameter
        if let previous, pieces[previous].parameter == parameter {
          pieces[index].piece.run = pieces[previous].piece.run
        } else if hasRun.insert(parameter).inserted {
          pieces[index].piece.run = parameter
        } else {
          pieces[index].piece.run = run
          merges.append((run, parameter))
          run += 1
        }
      }
    }
    self.pieces = pieces.map(\.piece)
    self.merges = merges
    weights = isWatched ? SummarySlots(count: run) : nil
    updates = isWatched ? SummarySlots(count: run) : nil
    rooms = Tensor(zeros: [isWatched ? parts * Self.pieceCount : 0], .float32)
  }

  /// Rounds the weights to where the network reads them.
  func roundWeights(to format: NumberFormat) {
    Threads.run(parts: cuts.count, Rounding(descent: self, format: format))
  }

  private struct Rounding: PartedWork {
    let descent: GradientDescent
    let format: NumberFormat

    func run(part: Int) {
      for index in descent.cuts[part] {
        let piece = descent.pieces[index]
        guard let copy = piece.copy else { continue }
        Tensor.round(piece.weight, to: format, into: copy)
      }
    }
  }

  func run(rate: Float) {
    Threads.run(parts: cuts.count, Work(descent: self, rate: rate))
    guard let weights, let updates else { return }
    for (run, parameter) in merges {
      weights.merge(run, into: parameter)
      updates.merge(run, into: parameter)
    }
  }

  func summaries(ofParameter number: Int) -> (weight: Summary, update: Summary)? {
    guard let weights, let updates else { return nil }
    return (weights[number], updates[number])
  }

  private struct Work: PartedWork {
    let descent: GradientDescent
    let rate: Float

    func run(part: Int) {
      guard let weights = descent.weights, let updates = descent.updates else {
        for index in descent.cuts[part] {
          let piece = descent.pieces[index]
          VectorKernels.accumulate(piece.gradient, times: -rate, into: piece.weight)
        }
        return
      }
      let room = descent.rooms.elements(as: Float.self)
      let start = part * GradientDescent.pieceCount
      var last = -1
      for index in descent.cuts[part] {
        let piece = descent.pieces[index]
        if piece.run != last {
          weights.clear(piece.run)
          updates.clear(piece.run)
          last = piece.run
        }
        let update = room[start..<start + piece.weight.count]
        VectorKernels.accumulate(
          piece.gradient, times: -rate, into: piece.weight, update: update)
        updates.add(update, to: piece.run)
        weights.add(piece.weight, to: piece.run)
      }
    }
  }
}
