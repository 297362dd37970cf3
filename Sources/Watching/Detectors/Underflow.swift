import Findings
import Numbers
import RealModule

/// Activations and gradients that the number format turns into zeros.
///
/// A zero is laid to the format's charge when numbers of the size of the others would round to 0:
/// for x ~ N(0, s²) that has the probability erf(m/(2√2 s)), m the smallest subnormal number. A
/// tensor that is 0 throughout is measured by the last one before it, on the way in which the
/// quantity goes, that is not.
struct Underflow: Detector {
  /// What is followed: activations forward, gradients of layers and parameters backward.
  private enum Quantity: Int, CaseIterable { case activation, layerGradient, gradient }

  private struct Place {
    var persistence = Persistence()
    var share = 0.0
    var size = 0.0
  }

  private var places: [[Place]] = [[], [], []]
  private var scale = 1.0

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard !record.layers.isEmpty, record.refusal == nil else { return }
    let (layers, parameters) = (record.layers.count, record.parameters.count)
    if places[0].count != layers || places[2].count != parameters {
      places[0] = Array(repeating: Place(), count: layers)
      places[1] = places[0]
      places[2] = Array(repeating: Place(), count: parameters)
    }
    scale = record.lossScale ?? 1
    var before = 0.0
    for i in 0..<layers {
      before = note(record.layers[i].activation, .activation, i, 1, before, record.step, course)
    }
    before = 0
    for i in (0..<layers).reversed() {
      guard let gradient = record.layers[i].gradient else { continue }
      before = note(gradient, .layerGradient, i, scale, before, record.step, course)
    }
    before = 0
    for i in (0..<parameters).reversed() {
      before = note(
        record.parameters[i].gradient, .gradient, i, scale, before, record.step, course)
    }
  }

  /// Judges one tensor; tells the root mean square of what is not 0, as the format sees it.
  private mutating func note(
    _ health: StepRecord.TensorHealth, _ quantity: Quantity, _ place: Int, _ scale: Double,
    _ before: Double, _ step: Int, _ course: Course
  ) -> Double {
    let thresholds = course.thresholds
    let left = 1 - health.zeroShare
    let isThere = health.secondMoment > 0 && left > 0
    let size = isThere ? scale * (health.secondMoment / left).squareRoot() : before
    // What came before may be larger by its whole healthy band.
    let source = isThere ? size : size * thresholds.healthy.lowerBound.squareRoot()
    let isQuiet = health.zeroShare > thresholds.underflowShare && source > 0
    let explained = isQuiet ? course.subject.format.losses(ofNormalWith: source).zero : 0
    places[quantity.rawValue][place].share = health.zeroShare
    places[quantity.rawValue][place].size = size
    places[quantity.rawValue][place].persistence.note(
      isQuiet && 4 * explained > health.zeroShare, at: step, window: thresholds.persistence)
    return size
  }

  func judgement(in course: Course) -> Judgement? {
    var since: Int?
    for row in places {
      for place in row where place.persistence.isActive {
        since = min(since ?? .max, place.persistence.since)
      }
    }
    return since.map { Judgement(severity: course.severity(ofCause: true), since: $0) }
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let active = Quantity.allCases.flatMap { quantity in
      places[quantity.rawValue].indices.map { (quantity: quantity, index: $0) }
    }.filter { places[$0.quantity.rawValue][$0.index].persistence.isActive }
    func place(_ at: (quantity: Quantity, index: Int)) -> Place {
      places[at.quantity.rawValue][at.index]
    }
    let worst = active.max { place($0).share < place($1).share } ?? (.activation, 0)
    let (share, size) = (place(worst).share, place(worst).size)
    let name =
      worst.quantity == .gradient ? course.parameters[worst.index] : course.layers[worst.index]
    let what =
      switch worst.quantity {
      case .activation: "activations of \(name)"
      case .layerGradient: "gradient at \(name)"
      case .gradient: "gradient of \(name)"
      }
    let format = course.subject.format
    let limit = course.thresholds.underflowShare
    return Finding(
      .underflow, severity, layer: name,
      message:
        "Since step \(Numerals.count(place(worst).persistence.since)), \(Numerals.percent(share)) of the "
        + "\(what) are lost to 0 in \(format.name).",
      because: "\(active.count) tensors lose more than \(Numerals.percent(limit)). The root mean "
        + "square of what is left, there or before it, is \(Numerals.short(size)) with a loss scale "
        + "of \(Numerals.short(scale)); \(format.name) rounds to 0 what is below "
        + "\(Numerals.short(format.zeroThreshold))." + course.effect,
      evidence: [
        Evidence("zero_share", share), Evidence("limit", limit),
        Evidence("root_mean_square", size), Evidence("loss_scale", scale),
        Evidence("zero_threshold", format.zeroThreshold),
        Evidence("tensors", Double(active.count)),
        Evidence("persistence", Double(course.thresholds.persistence)),
      ])
  }
}
