"""Files of models, as MLflow 3.17 writes them: `save_model` of scikit-learn with columns and params, of PyTorch with tensors."""

from collections.abc import Mapping

CLASSIFIER: Mapping[str, str] = {
    "MLmodel": """\
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.skops
    predict_fn: predict
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: 1.9.1
    skops_trusted_types: null
is_signature_from_type_hint: false
metadata:
  data:
  - mnist
  - letters
  license: apache-2.0
mlflow_version: 3.17.2
model_id: null
model_size_bytes: 11218
model_uuid: 06c0851826ed4760aa9b45b650733a11
prompts: null
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  params: 'true'
  serving_input_path: serving_input_example.json
  type: dataframe
signature:
  inputs: '[{"type": "long", "name": "age", "required": true}, {"type": "double",
    "name": "height", "required": false}, {"type": "array", "items": {"type": "object",
    "properties": {"label": {"type": "string", "required": true}, "weight": {"type":
    "double", "required": false}}}, "name": "marks", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: '[{"name": "threshold", "default": 0.5, "shape": null, "type": "double"},
    {"name": "classes", "default": ["a", "b"], "shape": [-1], "type": "string"}]'
type_hint_from_example: false
utc_time_created: '2026-11-21 22:30:31.046799'
""",
    "conda.yaml": """\
channels:
- conda-forge
dependencies:
- python=3.11.7
- pip
- pip:
  - mlflow==3.17.2
  - scikit-learn==1.9.1
name: mlflow-env
""",
    "python_env.yaml": "python: 3.11.7\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n",
    "requirements.txt": "mlflow==3.17.2\nscikit-learn==1.9.1\n",
    "input_example.json": (
        '{"inputs": {"columns": ["age", "height", "marks"], "data": [[1, 1.5, [{"label": "x"}]], [2, null, []]]},'
        ' "params": {"threshold": 0.5, "classes": ["a", "b"]}}'
    ),
    "serving_input_example.json": """\
{
  "dataframe_split": {
    "columns": [
      "age",
      "height"
    ],
    "data": [
      [
        1,
        1.5
      ]
    ]
  },
  "params": {
    "threshold": 0.5
  }
}""",
    "model.skops": "not what a real one holds",
    "README.md": """\
---
license: mit
---
# Digits

Reads **digits** of one hand. Not for [letters](letters.md).

| data | accuracy |
|---|---|
| mnist | 0.97 |

<script>alert(1)</script>
""",
}
NETWORK: Mapping[str, str] = {
    "MLmodel": """\
flavors:
  python_function:
    data: data
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.pytorch
    python_version: 3.11.7
  pytorch:
    code: null
    model_data: data
    pytorch_version: 2.9.0
mlflow_version: 3.17.2
model_size_bytes: 4711
model_uuid: 12538f3148714b739a3416febfdc7136
signature:
  inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28,
    28]}}]'
  outputs: '[{"type": "tensor", "name": "logits", "tensor-spec": {"dtype": "float64",
    "shape": [-1, 10]}}]'
  params: null
utc_time_created: '2026-11-21 22:30:39.127687'
""",
    "conda.yaml": "channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip:\n  - torch==2.9.0\nname: mlflow-env\n",
    "data/model.pth": "weights",
    "data/pickle_module_info.txt": "mlflow.pytorch.pickle_module",
}
