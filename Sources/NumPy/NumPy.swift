// Who reads arrays needs the type they come as.
@_exported public import Tensors
