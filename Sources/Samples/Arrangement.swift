public import Tensors

extension Dataset {
  /// The same samples as a network reads them, where the shapes say how: flat, with axes of extent 1
  /// more or less, or as images `[channels, height, width]` where the data have their channels last.
  ///
  /// - Returns: a set that shares the targets; the same set where the shapes do not say it.
  public func arranged(as shape: Shape) -> Dataset {
    let own = featureShape
    guard own != shape, own.count == shape.count else { return self }
    let isFlat = shape.rank == 1 || own.rank == 1
    if isFlat || own.extents.filter({ $0 != 1 }) == shape.extents.filter({ $0 != 1 }) {
      return Dataset(of: self, features: features.reshaped(Shape([count] + shape.extents)))
    }
    guard own.rank == 3, [own[2], own[0], own[1]] == shape.extents else { return self }
    return Dataset(of: self, features: channelsFirst(of: features, shape))
  }

  /// `[samples, height, width, channels]` as `[samples, channels, height, width]`.
  private func channelsFirst(of tensor: Tensor, _ shape: Shape) -> Tensor {
    let result = Tensor(zeros: Shape([count] + shape.extents), tensor.elementType)
    let (channels, places) = (shape[0], shape[1] * shape[2])
    func move<T: Element>(as _: T.Type) {
      let (source, target) = (tensor.elements(as: T.self), result.elements(as: T.self))
      for sample in 0..<count {
        let start = sample * channels * places
        for channel in 0..<channels {
          for place in 0..<places {
            target[start + channel * places + place] = source[start + place * channels + channel]
          }
        }
      }
    }
    if tensor.elementType == .int64 { move(as: Int64.self) } else { move(as: Float.self) }
    return result
  }
}
