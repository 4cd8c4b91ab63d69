import Tensors

/// Every layer of this package: a new one is one line here and a file of its own. Tests and documentation follow from this list.
let knownLayers: [any Layer.Type] = [
    // Core
    InputLayer.self, Dense.self, Embedding.self, Masking.self, Identity.self, EinsumDense.self, MaxoutDense.self, Highway.self,
    ReversibleEmbedding.self, Wrapper.self,
    // Attention
    Attention.self, AdditiveAttention.self, MultiHeadAttention.self, GroupedQueryAttention.self,
    // Activation
    Activation.self, ReLU.self, LeakyReLU.self, PReLU.self, ELU.self, ThresholdedReLU.self, Softmax.self,
    // Normalization
    BatchNormalization.self, LayerNormalization.self, GroupNormalization.self, RMSNormalization.self, UnitNormalization.self,
    LayerScale.self, SpectralNormalization.self,
    // Regularization
    Dropout.self, SpatialDropout1D.self, SpatialDropout2D.self, SpatialDropout3D.self, GaussianNoise.self, GaussianDropout.self,
    AlphaDropout.self, ActivityRegularization.self,
    // Merging
    Add.self, Subtract.self, Multiply.self, Average.self, Maximum.self, Minimum.self, Concatenate.self, Dot.self,
    // Operations
    KerasOperation.self, TFOpLambda.self, TensorFlowOpLayer.self,
    // Code of others
    OpaqueLayer.self,
    // Preprocessing
    Rescaling.self, Normalization.self, Resizing.self, CenterCrop.self, Discretization.self, CategoryEncoding.self, IntegerLookup.self,
    AutoContrast.self, ContrastLimitedAdaptiveHistogramEqualization.self, Pipeline.self,
    // Audio
    STFTSpectrogram.self, MelSpectrogram.self,
    // Text
    StringLookup.self, TextVectorization.self, Hashing.self, HashedCrossing.self,
    // Augmentation
    AugMix.self, CutMix.self, MixUp.self, RandAugment.self, Equalization.self, Solarization.self, MaxNumBoundingBoxes.self,
    RandomBrightness.self, RandomColorDegeneration.self, RandomColorJitter.self, RandomContrast.self, RandomElasticTransform.self,
    RandomErasing.self, RandomFlip.self, RandomGaussianBlur.self, RandomGrayscale.self, RandomHue.self, RandomInvert.self,
    RandomPerspective.self, RandomPosterization.self, RandomRotation.self, RandomSaturation.self, RandomSharpness.self, RandomShear.self,
    RandomTranslation.self, RandomZoom.self, RandomHeight.self, RandomWidth.self, RandomCrop.self,
    // Convolution
    Conv1D.self, Conv2D.self, Conv3D.self, Conv1DTranspose.self, Conv2DTranspose.self, Conv3DTranspose.self, DepthwiseConv1D.self,
    DepthwiseConv2D.self, SeparableConv1D.self, SeparableConv2D.self,
    LocallyConnected1D.self, LocallyConnected2D.self,
    // Pooling
    AdaptiveAveragePooling1D.self, AdaptiveAveragePooling2D.self, AdaptiveAveragePooling3D.self, AdaptiveMaxPooling1D.self,
    AdaptiveMaxPooling2D.self, AdaptiveMaxPooling3D.self,
    MaxPooling1D.self, MaxPooling2D.self, MaxPooling3D.self, AveragePooling1D.self, AveragePooling2D.self, AveragePooling3D.self,
    GlobalMaxPooling1D.self, GlobalMaxPooling2D.self, GlobalMaxPooling3D.self, GlobalAveragePooling1D.self, GlobalAveragePooling2D.self,
    GlobalAveragePooling3D.self,
    // Recurrent
    SimpleRNN.self, LSTM.self, GRU.self, RNN.self, SimpleRNNCell.self, LSTMCell.self, GRUCell.self, StackedRNNCells.self,
    Bidirectional.self, TimeDistributed.self, ConvLSTM1D.self, ConvLSTM2D.self, ConvLSTM3D.self, CuDNNLSTM.self, CuDNNGRU.self,
    // Reshaping
    Flatten.self, Reshape.self, Permute.self, RepeatVector.self, ZeroPadding1D.self, ZeroPadding2D.self, ZeroPadding3D.self,
    Cropping1D.self, Cropping2D.self, Cropping3D.self, UpSampling1D.self, UpSampling2D.self, UpSampling3D.self,
]
