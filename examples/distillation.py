"""A small network learns from a large one, which knows more than the right answers.

Distillation (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"). A
teacher that sees a 3 says: surely 3, perhaps 8, never 1. These soft answers, made softer by a
temperature, teach a student of a sixtieth of the size more than the bare labels do. The student
sees 1,000 digits only, where every hint counts, and is right in 90 of 100 cases; the same student
without a teacher in 87.

    python examples/distillation.py
"""

import numpy as np

import kerata as keras
from kerata import layers, ops


class Distiller(keras.Model):
    """Trains a student on labels and on the soft answers of a teacher.

    `alpha` weighs the labels; at a `temperature` above 1, small probabilities get larger.
    """

    def __init__(self, student, teacher, alpha=0.1, temperature=5.0):
        super().__init__()
        self.student, self.teacher = student, teacher
        self.alpha, self.temperature = alpha, temperature
        self.teacher.trainable = False

    def call(self, inputs, training=None):
        """Return the student's logits: after training the teacher is not needed."""
        return self.student(inputs, training=training)

    def train_step(self, data):
        """Update the student once; return the losses and metrics."""
        x, y = data
        soft = ops.softmax(self.teacher(x, training=False) / self.temperature)
        with keras.GradientTape() as tape:
            logits = self.student(x, training=True)
            hint = ops.categorical_crossentropy(soft, logits / self.temperature, from_logits=True)
            # Gradients of soft answers shrink with the square of the temperature.
            hint_loss = ops.mean(hint) * self.temperature**2
            label_loss = self.compute_loss(x, y, logits)
            loss = self.alpha * label_loss + (1 - self.alpha) * hint_loss
        variables = self.student.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, logits)
        return {metric.name: metric.result() for metric in self.metrics}


def convolutional(filters: int, units: int, name: str) -> keras.Model:
    """Return a network for pictures of digits that gives logits."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(filters, 3, strides=2, activation="relu"),
            layers.Conv2D(2 * filters, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.3 if name == "teacher" else 0.0),
            layers.Dense(units, activation="relu"),
            layers.Dense(10),
        ],
        name=name,
    )


def compiled(model: keras.Model) -> keras.Model:
    """Return the model, compiled for logits."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the digits with values from 0 to 1 and an axis for the one colour channel."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    return x_train, y_train, x_test, y_test


def main(teacher_epochs: int = 3, epochs: int = 40, few: int = 1000) -> float:
    """Train teacher and students, and return the accuracy of the student with a teacher."""
    keras.utils.set_random_seed(7)
    x_train, y_train, x_test, y_test = load()
    test = {"x": x_test, "y": y_test, "batch_size": 1000, "verbose": 0}

    teacher = compiled(convolutional(32, 128, "teacher"))
    teacher.fit(x_train, y_train, batch_size=128, epochs=teacher_epochs)

    alone = compiled(convolutional(4, 16, "alone"))
    student = convolutional(4, 16, "student")
    student.set_weights(alone.get_weights())  # both start alike
    distiller = compiled(Distiller(student, teacher))
    for model in (alone, distiller):
        model.fit(x_train[:few], y_train[:few], batch_size=32, epochs=epochs, verbose=0)

    scores = {}
    for name, model in {"teacher": teacher, "student alone": alone, "student": distiller}.items():
        _, scores[name] = model.evaluate(**test)
        size = model.student.count_params() if model is distiller else model.count_params()
        print(f"{name:14s} {size:7,d} weights, test accuracy {scores[name]:.4f}")
    return scores["student"]


if __name__ == "__main__":
    main()
