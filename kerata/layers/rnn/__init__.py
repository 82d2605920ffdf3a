"""Recurrent layers: cells, the layers that step them along time, and wrappers of these."""

from kerata.layers.rnn.bidirectional import Bidirectional
from kerata.layers.rnn.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from kerata.layers.rnn.gru import GRU, GRUCell
from kerata.layers.rnn.lstm import LSTM, LSTMCell
from kerata.layers.rnn.rnn import RNN
from kerata.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from kerata.layers.rnn.stacked_rnn_cells import StackedRNNCells
from kerata.layers.rnn.time_distributed import TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "GRUCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
    "TimeDistributed",
]
