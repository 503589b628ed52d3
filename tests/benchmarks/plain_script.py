"""What people write today: read a CSV, split, standardize, an MLP, a loop, an accuracy.

Use: python tests/benchmarks/plain_script.py data/01_raw/phone_price_sample.csv
"""

import sys

import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)
table = pd.read_csv(sys.argv[1])
X = table.drop(columns="price_range").to_numpy("float32")
y = table["price_range"].to_numpy("int64")
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=42, stratify=y
)
scaler = StandardScaler().fit(X_train)
X_train, X_test = (torch.from_numpy(scaler.transform(part)) for part in (X_train, X_test))
y_train, y_test = torch.from_numpy(y_train), torch.from_numpy(y_test)

model = nn.Sequential(
    nn.Linear(20, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 4)
)
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=16, shuffle=True)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
for _ in range(50):
    for X_batch, y_batch in loader:
        optimizer.zero_grad()
        loss = criterion(model(X_batch), y_batch)
        loss.backward()
        optimizer.step()

with torch.no_grad():
    accuracy = (model(X_test).argmax(dim=1) == y_test).float().mean()
print(f"test accuracy {accuracy:.4f}")
